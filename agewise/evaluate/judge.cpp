#include <fmt/format.h>

#include <functional>
#include <memory>

#include "agewise/base/error.h"
#include "agewise/estimate/estimator.h"
#include "agewise/evaluate/evaluate.h"
#include "agewise/train/examples.h"
#include "agewise/train/inputs.h"
#include "agewise/train/test_network.h"

namespace agewise {
namespace {

void check_fits(const Model& model, const Store& store) {
  const FaceRecipe &wanted = model.recipe.face, &stored = store.facts().recipe.face;
  if (wanted.size == stored.size && wanted.colour == stored.colour) return;
  auto text = [](const FaceRecipe& face) {
    return fmt::format("{0}×{0} {1}", face.size, face.colour == Colour::rgb ? "rgb" : "grey");
  };
  throw UsageError(fmt::format("{}: has faces of {}, the model takes {}; prepare a store with the model's recipe",
                               store.file().string(), text(stored), text(wanted)));
}

// Of all pictures of a batch, the caller's to change.
using Estimates = std::function<std::vector<Estimate>(Batch&)>;

Estimates estimates_for(const Model& model, Engine& engine) {
  if (!model.recipe.train.test_dropout && !model.recipe.train.test_batch_statistics) {
    auto estimator = std::make_shared<Estimator>(model, engine, model.recipe.train.batch);
    return [estimator](Batch& batch) { return estimator->estimate_inputs(batch.inputs); };
  }
  auto network = std::make_shared<TestNetwork>(model.recipe, model.graph, engine);
  network->set_parameters(model.parameters);
  return [network, &model](Batch& batch) {
    if (model.whitening) apply_zca(*model.whitening, batch.inputs);
    std::span<const float> outputs = network->outputs(batch);
    std::size_t width = outputs.size() / batch.samples.size();
    std::vector<Estimate> estimates;
    for (std::size_t row = 0; row < batch.samples.size(); ++row)
      estimates.push_back(estimate_of(model, outputs.subspan(row * width, width)));
    return estimates;
  };
}

}  // namespace

Split part_to_evaluate(const Store& store, std::optional<Split> wanted) {
  std::vector<FaceRecord> faces = store.faces();
  for (Split part : {Split::test, Split::val, Split::train}) {
    bool may_be = wanted ? part == *wanted : part != Split::train;
    if (may_be && !indices_of(faces, part).empty()) return part;
  }
  throw file_error(store.file(), fmt::format("has no {} pictures", wanted ? name_of(*wanted) : "test or val"));
}

std::vector<Judged> judge(const Model& model, const Store& store, Split part, Engine& engine, int threads,
                          const StopFlag& stop, const ProgressSink& progress) {
  check_fits(model, store);
  std::vector<FaceRecord> faces = store.faces();
  std::vector<std::uint32_t> order = indices_of(faces, part);
  Estimates estimates_of = estimates_for(model, engine);
  BatchStream stream(inputs_from_store(model.recipe, store, faces), order, input_size(model.recipe),
                     static_cast<std::size_t>(model.recipe.train.batch), {0, threads, 0});
  std::vector<Judged> judged;
  while (Batch* batch = stream.next()) {
    if (stop) throw Interrupted("stopped while evaluating; nothing was written");
    std::vector<Estimate> estimates = estimates_of(*batch);
    for (std::size_t row = 0; row < batch->fresh; ++row) {
      judged.push_back({faces[batch->samples[row]], estimates[row].age, estimates[row].most_likely_class,
                        std::move(estimates[row].members), estimates[row].male});
    }
    if (progress) progress({"evaluating", judged.size(), order.size()});
  }
  return judged;
}

}  // namespace agewise
