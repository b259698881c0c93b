#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "agewise/age/distribution.h"
#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/estimate/estimator.h"
#include "agewise/evaluate/evaluate.h"
#include "agewise/face/spec.h"
#include "agewise/train/examples.h"
#include "agewise/train/inputs.h"
#include "agewise/train/test_network.h"
#include "agewise/train/together.h"

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

// Of a large ensemble the further members are not read for it: how many they are is all that is compared.
std::string hash_of(const estimate::Model& model) {
  base::ContentHasher hasher;
  hasher.add(recipe::to_toml(model.recipe));
  hasher.add(std::as_bytes(std::span(model.classes.values)));
  hasher.add(std::as_bytes(std::span(model.parameters)));
  hasher.add(std::to_string(estimate::member_count(model)));
  return hasher.hash();
}

// Processes that measured different things would make one figure of them.
void check_same(base::Communicator& communicator, const estimate::Model& model, const store::Store& store) {
  if (communicator.size() == 1) return;
  train::check_same_stores(communicator, store);
  train::check_same(communicator, hash_of(model), "the model", train::kCopyAnew);
}

// What a regression gives is an age, not a distribution.
bool has_distribution(const estimate::Model& model) { return model.recipe.train.loss != recipe::Loss::regression; }

// kRangeAges equally probable ages of somebody within the range; where there is no distribution, all ages of it are.
std::vector<double> ages_in(const age::Range& range, const estimate::Model& model, const estimate::Estimate& estimate) {
  if (has_distribution(model)) return age::ages_within(model.classes, estimate.distribution, range, kRangeAges);
  std::vector<float> even(age::kOldest + 1, 1.0F / (age::kOldest + 1));
  return age::ages_within(age::yearly_classes(age::kOldest + 1), even, range, kRangeAges);
}

Prediction prediction_of(const estimate::Model& model, const store::FaceRecord& face, estimate::Estimate estimate) {
  Prediction prediction;
  prediction.estimate = estimate.age;
  prediction.estimated_class = estimate.most_likely_class;
  prediction.members = std::move(estimate.members);
  prediction.male = estimate.male;
  prediction.scale = estimate::scale_of(model, estimate);
  prediction.interval = estimate.interval;
  if (face.age_range) prediction.range_ages = ages_in(*face.age_range, model, estimate);
  if (!has_distribution(model)) return prediction;
  prediction.shares = estimate::shares_from(model.classes, estimate.distribution);
  if (face.age_range)
    prediction.range_shares = estimate::shares_within(model.classes, estimate.distribution, *face.age_range);
  return prediction;
}

// What a process knows of the pictures, those of the others 0: as numbers that add up to what all of them know. Of the
// faces themselves each knows all.
class SharedPredictions {
 public:
  struct Lengths {
    std::size_t members, range_ages, shares, range_shares;
  };

  SharedPredictions(std::size_t pictures, const Lengths& lengths)
      : first_range_age_(kFirstMember + static_cast<std::ptrdiff_t>(lengths.members)),
        first_share_(first_range_age_ + static_cast<std::ptrdiff_t>(lengths.range_ages)),
        first_range_share_(first_share_ + static_cast<std::ptrdiff_t>(lengths.shares)),
        width_(static_cast<std::size_t>(first_range_share_) + lengths.range_shares),
        values_(pictures * width_) {}

  void set(std::size_t picture, const Prediction& prediction) {
    std::span<double> row = row_of(picture);
    estimate::AgeInterval interval = prediction.interval.value_or(estimate::AgeInterval{});
    row[kAge] = prediction.estimate;
    row[kClass] = prediction.estimated_class;
    row[kScale] = prediction.scale;
    row[kTellsGender] = prediction.male.has_value() ? 1 : 0;
    row[kMale] = prediction.male.value_or(0);
    row[kTellsInterval] = prediction.interval.has_value() ? 1 : 0;
    row[kLow] = interval.low;
    row[kHigh] = interval.high;
    std::ranges::copy(prediction.members, row.begin() + kFirstMember);
    std::ranges::copy(prediction.range_ages, row.begin() + first_range_age_);
    std::ranges::copy(prediction.shares, row.begin() + first_share_);
    std::ranges::copy(prediction.range_shares, row.begin() + first_range_share_);
  }

  void add_up(base::Communicator& communicator) { communicator.sum(values_); }

  Prediction prediction(std::size_t picture, store::FaceRecord face) {
    std::span<double> row = row_of(picture);
    Prediction prediction;
    prediction.estimate = row[kAge];
    prediction.estimated_class = static_cast<int>(row[kClass]);
    prediction.scale = row[kScale];
    if (row[kTellsGender] > 0) prediction.male = row[kMale];
    if (row[kTellsInterval] > 0) prediction.interval = {row[kLow], row[kHigh]};
    prediction.members.assign(row.begin() + kFirstMember, row.begin() + first_range_age_);
    if (face.age_range) prediction.range_ages.assign(row.begin() + first_range_age_, row.begin() + first_share_);
    prediction.shares.assign(row.begin() + first_share_, row.begin() + first_range_share_);
    if (face.age_range) prediction.range_shares.assign(row.begin() + first_range_share_, row.end());
    prediction.face = std::move(face);
    return prediction;
  }

 private:
  enum Column : std::ptrdiff_t { kAge, kClass, kScale, kTellsGender, kMale, kTellsInterval, kLow, kHigh, kFirstMember };
  std::span<double> row_of(std::size_t picture) { return std::span(values_).subspan(picture * width_, width_); }

  std::ptrdiff_t first_range_age_, first_share_, first_range_share_;
  std::size_t width_;
  std::vector<double> values_;
};

// Of all pictures of a batch, the caller's to change.
using Estimates = std::function<std::vector<estimate::Estimate>(train::Batch&)>;

Estimates estimates_for(const estimate::Model& model, nn::Engine& engine) {
  if (!model.recipe.predict.dropout && !model.recipe.predict.batch_statistics) {
    auto estimator = std::make_shared<estimate::Estimator>(model, engine, model.recipe.train.batch);
    return [estimator](train::Batch& batch) { return estimator->estimate_inputs(batch.inputs); };
  }
  auto network = std::make_shared<train::TestNetwork>(model.recipe, model.graph, engine);
  network->set_parameters(model.parameters);
  auto estimates_by_network = [network, &model](const train::Batch& batch) {
    std::span<const float> outputs = network->outputs(batch);
    std::size_t width = outputs.size() / batch.samples.size();
    std::vector<estimate::Estimate> estimates;
    for (std::size_t row = 0; row < batch.samples.size(); ++row)
      estimates.push_back(estimate::estimate_of(model, outputs.subspan(row * width, width)));
    return estimates;
  };
  return [network, estimates_by_network, &model](train::Batch& batch) {
    if (model.whitening) whiten::apply_zca(*model.whitening, batch.inputs);
    if (model.further_members.empty()) return estimates_by_network(batch);
    std::vector<std::vector<estimate::Estimate>> by_member{estimates_by_network(batch)};
    for (const estimate::Member& member : model.further_members) {
      network->set_parameters(estimate::parameters_of_member(model.graph, member));
      by_member.push_back(estimates_by_network(batch));
    }
    network->set_parameters(model.parameters);
    return estimate::estimates_of_ensemble(model, by_member);
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
                                const base::ProgressSink& progress, OtherCut other_cut,
                                base::Communicator& communicator) {
  check_fits(model, store, other_cut);
  check_same(communicator, model, store);
  std::vector<store::FaceRecord> faces = store.faces();
  std::vector<std::uint32_t> order = train::indices_of(faces, part);
  auto batch_size = static_cast<std::size_t>(model.recipe.train.batch);
  auto rank = static_cast<std::size_t>(communicator.rank()), processes = static_cast<std::size_t>(communicator.size());
  Estimates estimates_of = estimates_for(model, engine);
  train::BatchStream stream(train::inputs_from_stores(model.recipe, store, faces), order,
                            train::input_size(model.recipe), batch_size, {0, threads, rank, processes});
  bool has_ranges = std::ranges::any_of(order, [&](std::uint32_t i) { return faces[i].age_range.has_value(); });
  std::size_t shares = has_distribution(model) ? estimate::kThresholds.size() : 0;
  SharedPredictions shared(order.size(), {.members = model.further_members.empty() ? 0 : estimate::member_count(model),
                                          .range_ages = has_ranges ? kRangeAges : std::size_t{0},
                                          .shares = shares,
                                          .range_shares = has_ranges ? shares : 0});
  for (std::size_t round = 0; round * processes * batch_size < order.size(); ++round) {
    std::size_t first = (round * processes + rank) * batch_size;
    if (train::Batch* batch = stream.next()) {  // none: in the last round there are fewer batches than processes
      std::vector<estimate::Estimate> estimates = estimates_of(*batch);
      for (std::size_t row = 0; row < batch->fresh; ++row)
        shared.set(first + row, prediction_of(model, faces[order[first + row]], std::move(estimates[row])));
      if (progress) progress({"evaluating", first + batch->fresh, order.size()});
    }
    std::array<double, 1> stopped{stop ? 1.0 : 0.0};
    communicator.sum(stopped);  // all stop, or none
    if (stopped[0] > 0) throw base::Interrupted("stopped while evaluating; nothing was written");
  }
  shared.add_up(communicator);
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < order.size(); ++i)
    predictions.push_back(shared.prediction(i, std::move(faces[order[i]])));
  return predictions;
}

}  // namespace agewise::evaluate
