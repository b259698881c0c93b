#include "agewise/train/examples.h"

#include <fmt/format.h>

#include <cmath>

#include "agewise/base/error.h"
#include "agewise/base/files.h"

namespace agewise {

std::vector<std::uint32_t> indices_of(const std::vector<FaceRecord>& faces, Split part) {
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < faces.size(); ++i) {
    if (faces[i].split == part) indices.push_back(i);
  }
  return indices;
}

Examples examples_of(const Store& store) {
  if (!store.facts().complete)
    throw file_error(store.file(), "is not finished; the same `agewise prepare` once more goes on with it");
  Examples examples{store.faces(), {}, {}};
  examples.train = indices_of(examples.faces, Split::train);
  examples.validation = indices_of(examples.faces, Split::val);
  if (examples.validation.empty()) {
    examples.validation_part = Split::test;
    examples.validation = indices_of(examples.faces, Split::test);
  }
  if (examples.train.empty()) throw file_error(store.file(), "has no training pictures");
  if (examples.validation.empty()) {
    throw file_error(store.file(),
                     "has neither val nor test pictures to measure a network on; prepare it with split.train below 1");
  }
  return examples;
}

std::string content_of(const Store& store) {
  std::string text = to_toml(store.facts().recipe) + store.facts().labels;
  for (const FaceRecord& face : store.faces()) {
    text +=
        fmt::format("\n{} {} {} {} {}", face.row, face.file, face.age, face.age_sigma, static_cast<int>(face.split));
  }
  return content_hash(std::as_bytes(std::span(text)));
}

std::vector<Target> targets_of(const std::vector<FaceRecord>& faces, double default_sigma) {
  std::vector<Target> targets;
  for (const FaceRecord& face : faces) {
    targets.push_back({face.age, face.age_sigma > 0 ? face.age_sigma : default_sigma});
  }
  return targets;
}

Classes trained_classes(const ClassesRecipe& recipe, const Examples& examples) {
  Classes classes;
  try {
    classes = classes_of(recipe);
  } catch (const std::invalid_argument& problem) {
    throw UsageError(std::string("recipe, [classes]: ") + problem.what());
  }
  if (recipe.edges.empty()) return classes;
  std::vector<double> sum(classes.values.size()), count(classes.values.size());
  for (std::uint32_t i : examples.train) {
    auto c = static_cast<std::size_t>(class_of(classes, examples.faces[i].age));
    sum[c] += examples.faces[i].age;
    count[c] += 1;
  }
  for (std::size_t c = 0; c < sum.size(); ++c) {
    if (count[c] > 0) classes.values[c] = sum[c] / count[c];
  }
  return classes;
}

}  // namespace agewise
