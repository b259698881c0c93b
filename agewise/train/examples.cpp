#include "agewise/train/examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "agewise/base/error.h"
#include "agewise/base/random.h"

namespace agewise::train {
namespace {

double sigma_of(double own, const recipe::TrainRecipe& recipe) {
  if (!(own > 0) || recipe.label_sigma == recipe::LabelSigma::ignored) return recipe.sigma;
  return recipe.label_sigma == recipe::LabelSigma::replaces ? own : std::hypot(own, recipe.sigma);
}

// Training pictures of each whole year of age.
std::map<int, std::vector<std::uint32_t>> by_age(const Examples& examples) {
  std::map<int, std::vector<std::uint32_t>> pictures;
  for (std::uint32_t i : examples.train) pictures[static_cast<int>(std::floor(examples.faces[i].age))].push_back(i);
  return pictures;
}

// How many there were.
std::int64_t drop_ranges(const std::vector<store::FaceRecord>& faces, std::vector<std::uint32_t>& indices) {
  return static_cast<std::int64_t>(
      std::erase_if(indices, [&](std::uint32_t i) { return faces[i].age_range.has_value(); }));
}

double male_of(catalog::Gender gender) {
  return gender == catalog::Gender::unknown ? catalog::kNotANumber : gender == catalog::Gender::male ? 1 : 0;
}

// Why there is nothing to measure a network on, and what helps.
std::string no_validation(const store::Store& store, const Examples& examples) {
  const store::FaceRecord& first = examples.faces.front();
  auto pictures = static_cast<double>(examples.faces.size());
  bool one_person = !first.person.empty() && std::ranges::all_of(examples.faces, [&](const store::FaceRecord& face) {
    return face.person == first.person;
  });
  double share = store.metadata().recipe.split.train;
  std::string why = fmt::format(
      "all its {} pictures are in the training part, so none is left to measure a network on: ", examples.faces.size());
  if (one_person)
    return why +
           fmt::format(
               "they all show one person, \"{}\", and the pictures of a person are never split; add pictures of others",
               first.person);
  if (std::llround(share * pictures) >= std::llround(pictures))
    return why + fmt::format("they are too few for split.train = {:.4g}; prepare a store with a smaller share", share);
  return why +
         "the labels say so themselves, or the other pictures were rejected; `agewise info` shows which. Prepare a "
         "store from labels that have a val or test part, or without their column \"split\"";
}

}  // namespace

std::vector<std::uint32_t> indices_of(const std::vector<store::FaceRecord>& faces, catalog::Split part) {
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < faces.size(); ++i) {
    if (faces[i].split == part) indices.push_back(i);
  }
  return indices;
}

Examples examples_of(const store::Store& store) {
  store.check_complete();
  Examples examples{store.faces(), {}, {}};
  examples.train = indices_of(examples.faces, catalog::Split::train);
  examples.ranges += drop_ranges(examples.faces, examples.train);
  examples.validation = indices_of(examples.faces, catalog::Split::val);
  if (examples.validation.empty()) {
    examples.validation_part = catalog::Split::test;
    examples.validation = indices_of(examples.faces, catalog::Split::test);
  }
  examples.ranges += drop_ranges(examples.faces, examples.validation);
  if (examples.ranges > 0 && (examples.train.empty() || examples.validation.empty())) {
    throw base::file_error(
        store.file(),
        fmt::format("has too few ages to train on: {} are known only as ranges, which training leaves out",
                    examples.ranges));
  }
  if (examples.train.empty()) throw base::file_error(store.file(), "has no training pictures");
  if (examples.validation.empty()) throw base::file_error(store.file(), no_validation(store, examples));
  return examples;
}

std::string left_out(const Examples& examples) {
  if (examples.ranges == 0) return "";
  return fmt::format("{} faces are left out, because their age is known only as a range", examples.ranges);
}

std::vector<nn::Target> targets_of(const Examples& examples, const recipe::TrainRecipe& recipe,
                                   std::span<const float> soft_targets) {
  std::vector<nn::Target> targets;
  for (const store::FaceRecord& face : examples.faces)
    targets.push_back({face.age, sigma_of(face.age_sigma, recipe), 1, male_of(face.gender)});
  if (!soft_targets.empty()) {
    std::size_t classes = soft_targets.size() / examples.faces.size();
    for (std::uint32_t i : examples.train) targets[i].soft = soft_targets.subspan(i * classes, classes);
  }
  if (recipe.age_weight == 0) return targets;
  double sum = 0;
  for (const auto& [age, pictures] : by_age(examples)) {
    for (std::uint32_t i : pictures)
      sum += targets[i].weight = std::pow(static_cast<double>(pictures.size()), -recipe.age_weight);
  }
  for (std::uint32_t i : examples.train) targets[i].weight *= static_cast<double>(examples.train.size()) / sum;
  return targets;
}

std::vector<std::uint32_t> epoch_order(const Examples& examples, const recipe::TrainRecipe& recipe, int epoch) {
  auto number = static_cast<std::uint32_t>(epoch);
  std::vector<std::uint32_t> order = examples.train;
  if (recipe.age_cap > 0) {
    order.clear();
    for (auto& [age, pictures] : by_age(examples)) {
      base::Random(recipe.seed, base::Purpose::balance, number, static_cast<std::uint32_t>(age))
          .shuffle(std::span(pictures));
      pictures.resize(std::min(pictures.size(), static_cast<std::size_t>(recipe.age_cap)));
      order.insert(order.end(), pictures.begin(), pictures.end());
    }
    std::sort(order.begin(), order.end());
  }
  base::Random(recipe.seed, base::Purpose::shuffle, number).shuffle(std::span(order));
  return order;
}

age::Classes trained_classes(const recipe::ClassesRecipe& recipe, const Examples& examples) {
  age::Classes classes;
  try {
    classes = recipe::classes_of(recipe);
  } catch (const std::invalid_argument& problem) {
    throw base::UsageError(std::string("recipe, [classes]: ") + problem.what());
  }
  if (recipe.edges.empty()) return classes;
  std::vector<double> sum(classes.values.size()), count(classes.values.size());
  for (std::uint32_t i : examples.train) {
    auto c = static_cast<std::size_t>(age::class_of(classes, examples.faces[i].age));
    sum[c] += examples.faces[i].age;
    count[c] += 1;
  }
  for (std::size_t c = 0; c < sum.size(); ++c) {
    if (count[c] > 0) classes.values[c] = sum[c] / count[c];
  }
  return classes;
}

}  // namespace agewise::train
