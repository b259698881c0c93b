#include <fmt/format.h>

#include <functional>
#include <memory>

#include "agewise/base/error.h"
#include "agewise/estimate/estimator.h"
#include "agewise/evaluate/evaluate.h"
#include "agewise/face/spec.h"
#include "agewise/train/examples.h"
#include "agewise/train/inputs.h"
#include "agewise/train/test_network.h"

namespace agewise::evaluate {
namespace {

void check_fits(const estimate::Model& model, const store::Store& store, OtherCut other_cut) {
  face::FaceSpec wanted = face::spec_of(model.recipe), stored = face::spec_of(store.metadata().recipe), given = stored;
  if (other_cut == OtherCut::measured) {
    given = wanted;
    given.size = stored.size;
    given.colour = stored.colour;
  }
  face::Fit fit = face::fits(wanted, given, face::Use::estimate);
  if (fit) return;
  throw base::UsageError(
      fmt::format("{}: its faces are not like those that the model was trained on: {}; prepare a store with {}",
                  store.file().string(), face::text_of(fit.differences), face::settings_for(fit.differences)));
}

// Of all pictures of a batch, the caller's to change.
using Estimates = std::function<std::vector<estimate::Estimate>(train::Batch&)>;

Estimates estimates_for(const estimate::Model& model, nn::Engine& engine) {
  if (!model.recipe.predict.dropout && !model.recipe.predict.batch_statistics) {
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
  throw base::file_error(
      store.file(),
      fmt::format("has no {} pictures; the parts are made by [split] of its recipe, or by a column of the labels",
                  wanted ? catalog::name_of(*wanted) : "test or val"));
}

std::string caveat_of_cut(const estimate::Model& model, const store::Store& store) {
  face::Fit fit = face::fits(face::spec_of(model.recipe), face::spec_of(store.metadata().recipe), face::Use::estimate);
  if (fit.differences.empty()) return "";
  std::string text = fmt::format("The faces were not cut out like those that the model was trained on: {}",
                                 face::text_of(fit.differences));
  return text + (fit.stand_in != nullptr ? fmt::format(" ({}).", fit.stand_in->measured) : ".");
}

std::vector<Prediction> predict(const estimate::Model& model, const store::Store& store, catalog::Split part,
                                nn::Engine& engine, int threads, const base::StopFlag& stop,
                                const base::ProgressSink& progress, OtherCut other_cut) {
  check_fits(model, store, other_cut);
  std::vector<store::FaceRecord> faces = store.faces();
  std::vector<std::uint32_t> order = train::indices_of(faces, part);
  Estimates estimates_of = estimates_for(model, engine);
  train::BatchStream stream(train::inputs_from_store(model.recipe, store, faces), order,
                            train::input_size(model.recipe), static_cast<std::size_t>(model.recipe.train.batch),
                            {0, threads, 0});
  std::vector<Prediction> predictions;
  while (train::Batch* batch = stream.next()) {
    if (stop) throw base::Interrupted("stopped while evaluating; nothing was written");
    std::vector<estimate::Estimate> estimates = estimates_of(*batch);
    for (std::size_t row = 0; row < batch->fresh; ++row) {
      predictions.push_back({faces[batch->samples[row]], estimates[row].age, estimates[row].most_likely_class,
                             std::move(estimates[row].members), estimates[row].male});
    }
    if (progress) progress({"evaluating", predictions.size(), order.size()});
  }
  return predictions;
}

}  // namespace agewise::evaluate
