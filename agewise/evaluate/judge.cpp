#include <fmt/format.h>

#include <functional>
#include <memory>

#include "agewise/base/error.h"
#include "agewise/estimate/estimator.h"
#include "agewise/evaluate/evaluate.h"
#include "agewise/train/examples.h"
#include "agewise/train/inputs.h"
#include "agewise/train/test_network.h"

namespace agewise::evaluate {
namespace {

void check_fits(const estimate::Model& model, const store::Store& store) {
  const recipe::FaceRecipe &wanted = model.recipe.face, &stored = store.facts().recipe.face;
  if (wanted.size == stored.size && wanted.colour == stored.colour) return;
  auto text = [](const recipe::FaceRecipe& face) {
    return fmt::format("{0}×{0} {1}", face.size, face.colour == recipe::Colour::rgb ? "rgb" : "grey");
  };
  throw base::UsageError(fmt::format("{}: has faces of {}, the model takes {}; prepare a store with the model's recipe",
                                     store.file().string(), text(stored), text(wanted)));
}

// Of all pictures of a batch, the caller's to change.
using Estimates = std::function<std::vector<estimate::Estimate>(train::Batch&)>;

Estimates estimates_for(const estimate::Model& model, nn::Engine& engine) {
  if (!model.recipe.train.test_dropout && !model.recipe.train.test_batch_statistics) {
    auto estimator = std::make_shared<estimate::Estimator>(model, engine, model.recipe.train.batch);
    return [estimator](train::Batch& batch) { return estimator->estimate_inputs(batch.inputs); };
  }
  auto network = std::make_shared<train::TestNetwork>(model.recipe, model.graph, engine);
  network->set_parameters(model.parameters);
  return [network, &model](train::Batch& batch) {
    if (model.whitening) whiten::apply_zca(*model.whitening, batch.inputs);
    std::span<const float> outputs = network->outputs(batch);
    std::size_t width = outputs.size() / batch.samples.size();
    std::vector<estimate::Estimate> estimates;
    for (std::size_t row = 0; row < batch.samples.size(); ++row)
      estimates.push_back(estimate::estimate_of(model, outputs.subspan(row * width, width)));
    return estimates;
  };
}

}  // namespace

catalog::Split part_to_evaluate(const store::Store& store, std::optional<catalog::Split> wanted) {
  std::vector<store::FaceRecord> faces = store.faces();
  for (catalog::Split part : {catalog::Split::test, catalog::Split::val, catalog::Split::train}) {
    bool may_be = wanted ? part == *wanted : part != catalog::Split::train;
    if (may_be && !train::indices_of(faces, part).empty()) return part;
  }
  throw base::file_error(store.file(),
                         fmt::format("has no {} pictures", wanted ? catalog::name_of(*wanted) : "test or val"));
}

std::vector<Judged> judge(const estimate::Model& model, const store::Store& store, catalog::Split part,
                          nn::Engine& engine, int threads, const base::StopFlag& stop,
                          const base::ProgressSink& progress) {
  check_fits(model, store);
  std::vector<store::FaceRecord> faces = store.faces();
  std::vector<std::uint32_t> order = train::indices_of(faces, part);
  Estimates estimates_of = estimates_for(model, engine);
  train::BatchStream stream(train::inputs_from_store(model.recipe, store, faces), order,
                            train::input_size(model.recipe), static_cast<std::size_t>(model.recipe.train.batch),
                            {0, threads, 0});
  std::vector<Judged> judged;
  while (train::Batch* batch = stream.next()) {
    if (stop) throw base::Interrupted("stopped while evaluating; nothing was written");
    std::vector<estimate::Estimate> estimates = estimates_of(*batch);
    for (std::size_t row = 0; row < batch->fresh; ++row) {
      judged.push_back({faces[batch->samples[row]], estimates[row].age, estimates[row].most_likely_class,
                        std::move(estimates[row].members), estimates[row].male});
    }
    if (progress) progress({"evaluating", judged.size(), order.size()});
  }
  return judged;
}

}  // namespace agewise::evaluate
