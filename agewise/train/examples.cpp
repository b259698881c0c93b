#include "agewise/train/examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/base/random.h"

namespace agewise::train {
namespace {

constexpr std::uint32_t kStreamsAStore = 1 << 16;  // of random numbers, one an age

double sigma_of(double own, const recipe::TrainRecipe& recipe) {
  if (!(own > 0) || recipe.label_sigma == recipe::LabelSigma::ignored) return recipe.sigma;
  return recipe.label_sigma == recipe::LabelSigma::replaces ? own : std::hypot(own, recipe.sigma);
}

// Training pictures of each store and whole year of age.
std::map<std::pair<std::uint32_t, int>, std::vector<std::uint32_t>> by_store_and_age(const Examples& examples) {
  std::map<std::pair<std::uint32_t, int>, std::vector<std::uint32_t>> pictures;
  for (std::uint32_t i : examples.train) {
    const store::FaceRecord& face = examples.faces[i];
    pictures[{face.store, static_cast<int>(std::floor(store::lowest_age(face)))}].push_back(i);
  }
  return pictures;
}

age::WholeYears years_of(const store::FaceRecord& face) {
  if (face.age_range) return age::whole_years(*face.age_range);
  auto year = static_cast<int>(std::floor(face.age));
  return {year, year};
}

// Training pictures of each whole year of one store; a range is an even share of a picture in each of its years.
std::map<int, double> pictures_by_year(const Examples& examples, std::uint32_t store) {
  std::map<int, double> pictures;
  for (std::uint32_t i : examples.train) {
    if (examples.faces[i].store != store) continue;
    age::WholeYears years = years_of(examples.faces[i]);
    for (int year = years.first; year <= years.last; ++year) pictures[year] += 1.0 / years.count();
  }
  return pictures;
}

// Of the training pictures of one store, each by how rare its age is there; 1 on average.
void weigh_by_age(const Examples& examples, double exponent, std::uint32_t store, std::vector<nn::Target>& targets) {
  std::map<int, double> pictures = pictures_by_year(examples, store);
  double sum = 0, count = 0;
  auto each = [&](auto change) {
    for (std::uint32_t i : examples.train) {
      if (examples.faces[i].store == store) change(i);
    }
  };
  each([&](std::uint32_t i) {
    age::WholeYears years = years_of(examples.faces[i]);
    double mean = 0;
    for (int year = years.first; year <= years.last; ++year) mean += pictures[year] / years.count();
    sum += targets[i].weight = std::pow(mean, -exponent);
    ++count;
  });
  each([&](std::uint32_t i) { targets[i].weight *= count / sum; });
}

void weigh_by_store(const Examples& examples, const std::vector<double>& weights, std::vector<nn::Target>& targets) {
  if (weights.empty()) return;
  double sum = 0;
  for (std::uint32_t i : examples.train) sum += weights[examples.faces[i].store];
  for (std::uint32_t i : examples.train)
    targets[i].weight *= weights[examples.faces[i].store] * static_cast<double>(examples.train.size()) / sum;
}

// The same file may be in several collections: whoever is measured on it must not have been trained on it, and nobody
// needs it twice.
std::int64_t drop_copies(const std::vector<store::FaceRecord>& faces, std::vector<std::uint32_t>& train) {
  struct Holders {
    std::set<std::uint32_t> train, measure;  // stores that have it in their training part, or in another
  };
  std::map<std::uint64_t, Holders> by_content;
  for (const store::FaceRecord& face : faces) {
    Holders& holders = by_content[face.content];
    (face.split == catalog::Split::train ? holders.train : holders.measure).insert(face.store);
  }
  by_content.erase(0);  // not known
  return static_cast<std::int64_t>(std::erase_if(train, [&](std::uint32_t i) {
    auto found = by_content.find(faces[i].content);
    if (found == by_content.end()) return false;
    const auto& [training, measuring] = found->second;
    return measuring.size() > measuring.count(faces[i].store) || *training.begin() < faces[i].store;
  }));
}

double male_of(catalog::Gender gender) {
  return gender == catalog::Gender::unknown ? catalog::kNotANumber : gender == catalog::Gender::male ? 1 : 0;
}

// Why there is nothing to measure a network on, and what helps.
std::string no_validation(const store::Stores& stores, const Examples& examples) {
  if (stores.count() > 1)
    return "all its pictures are in the training part, and so are those of the other stores, so none is left to "
           "measure "
           "a network on; add a store that has a val or test part";
  const store::FaceRecord& first = examples.faces.front();
  auto pictures = static_cast<double>(examples.faces.size());
  bool one_person = !first.person.empty() && std::ranges::all_of(examples.faces, [&](const store::FaceRecord& face) {
    return face.person == first.person;
  });
  double share = stores.first().metadata().recipe.split.train;
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

Examples examples_of(const store::Stores& stores) {
  stores.check_complete();
  Examples examples{stores.faces(), {}, {}};
  examples.stores = stores.count();
  std::vector<std::uint32_t> test = indices_of(examples.faces, catalog::Split::test);
  examples.train = indices_of(examples.faces, catalog::Split::train);
  examples.validation = indices_of(examples.faces, catalog::Split::val);
  if (examples.validation.empty()) examples.validation_part = catalog::Split::test;
  if (stores.count() > 1) examples.copies = drop_copies(examples.faces, examples.train);
  for (std::uint32_t store = 0; store < stores.count(); ++store) {
    auto is_of_store = [&](std::uint32_t i) { return examples.faces[i].store == store; };
    if (std::ranges::none_of(examples.train, is_of_store)) {
      throw base::file_error(stores[store].file(), examples.copies == 0 ? "has no training pictures"
                                                                        : "has no training pictures that the other "
                                                                          "stores do not have; leave it out");
    }
    if (std::ranges::none_of(examples.validation, is_of_store))
      std::ranges::copy_if(test, std::back_inserter(examples.validation), is_of_store);
  }
  if (examples.validation.empty()) throw base::file_error(stores.first().file(), no_validation(stores, examples));
  std::ranges::sort(examples.validation);
  return examples;
}

std::string left_out(const Examples& examples) {
  if (examples.copies == 0) return "";
  return fmt::format("{} training pictures are left out, because another store has the same files", examples.copies);
}

std::vector<nn::Target> targets_of(const Examples& examples, const recipe::TrainRecipe& recipe,
                                   std::span<const float> soft_targets) {
  std::vector<nn::Target> targets;
  for (const store::FaceRecord& face : examples.faces)
    targets.push_back({face.age, sigma_of(face.age_sigma, recipe), 1, male_of(face.gender), {}, face.age_range});
  if (!soft_targets.empty()) {
    std::size_t classes = soft_targets.size() / examples.faces.size();
    for (std::uint32_t i : examples.train) targets[i].soft = soft_targets.subspan(i * classes, classes);
  }
  for (std::uint32_t store = 0; store < examples.stores; ++store) {
    double exponent = recipe.age_weights.empty() ? recipe.age_weight : recipe.age_weights[store];
    if (exponent != 0) weigh_by_age(examples, exponent, store, targets);
  }
  weigh_by_store(examples, recipe.data_weights, targets);
  return targets;
}

std::vector<std::uint32_t> epoch_order(const Examples& examples, const recipe::TrainRecipe& recipe, int epoch) {
  auto number = static_cast<std::uint32_t>(epoch);
  std::vector<std::uint32_t> order = examples.train;
  if (recipe.age_cap > 0) {
    order.clear();
    for (auto& [place, pictures] : by_store_and_age(examples)) {
      auto [store, age] = place;
      auto stream = store * kStreamsAStore + static_cast<std::uint32_t>(age);
      base::Random(recipe.seed, base::Purpose::balance, number, stream).shuffle(std::span(pictures));
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
    if (examples.faces[i].age_range) continue;
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
