#include <fmt/format.h>

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

}  // namespace

Split part_to_evaluate(const Store& store, std::optional<Split> wanted) {
  std::vector<FaceRecord> faces = store.faces();
  for (Split part : {Split::test, Split::val, Split::train}) {
    bool may_be = wanted ? part == *wanted : part != Split::train;
    if (may_be && !indices_of(faces, part).empty()) return part;
  }
  throw file_error(store.file(), fmt::format("has no {} pictures", wanted ? name_of(*wanted) : "test or val"));
}

std::vector<Judged> judge(const Model& model, const Store& store, Split part, Engine& engine, const StopFlag& stop,
                          const ProgressSink& progress) {
  check_fits(model, store);
  std::vector<FaceRecord> faces = store.faces();
  std::vector<std::uint32_t> order = indices_of(faces, part);
  TestNetwork network(model.recipe, model.graph, engine);
  network.set_parameters(model.parameters);
  auto rows = static_cast<std::size_t>(model.recipe.train.batch);
  BatchStream stream(inputs_from_store(model.recipe, store, faces), order, input_size(model.recipe), rows);
  std::vector<Judged> judged;
  while (Batch* batch = stream.next()) {
    if (stop) throw Interrupted("stopped while evaluating; nothing was written");
    if (model.whitening) apply_zca(*model.whitening, batch->inputs);
    std::span<const float> outputs = network.outputs(*batch);
    std::size_t width = outputs.size() / rows;
    for (std::size_t row = 0; row < batch->fresh; ++row) {
      Estimate estimate = estimate_of(model, outputs.subspan(row * width, width));
      judged.push_back({faces[batch->samples[row]], estimate.age, estimate.most_likely_class});
    }
    if (progress) progress({"evaluating", judged.size(), order.size()});
  }
  return judged;
}

}  // namespace agewise
