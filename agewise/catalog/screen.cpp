#include "agewise/catalog/screen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "agewise/base/random.h"
#include "agewise/catalog/persons.h"

namespace agewise::catalog {
namespace {

Reason screen_age(const CatalogRow& row, const recipe::ScreenRecipe& recipe) {
  double age = age_of(row, recipe.age_rule);
  if (std::isnan(age) && row.age_range) {
    if (row.age_range->high < recipe.min_age) return Reason::age_below_minimum;
    return row.age_range->low > recipe.max_age ? Reason::age_above_maximum : Reason::none;
  }
  if (std::isnan(age)) return row.born || row.taken ? Reason::unknown_date : Reason::unknown_age;
  if (age < recipe.min_age) return Reason::age_below_minimum;
  if (age > recipe.max_age) return Reason::age_above_maximum;
  return Reason::none;
}

Reason screen_face(const CatalogRow& row, const recipe::ScreenRecipe& recipe) {
  if (!row.has_face_score) return Reason::none;
  if (std::isfinite(recipe.min_face_score)) {
    if (!std::isfinite(row.face_score)) return Reason::no_face;
    if (row.face_score < recipe.min_face_score) return Reason::low_face_score;
  }
  bool second = std::isfinite(row.second_face_score);
  if (recipe.second_face == recipe::SecondFace::reject && second &&
      row.second_face_score > recipe.max_second_face_score)
    return Reason::second_face;
  if (recipe.second_face == recipe::SecondFace::require && !second) return Reason::no_second_face;
  return Reason::none;
}

Split split_named(const std::string& name) {
  return name == "train" ? Split::train : name == "val" ? Split::val : Split::test;
}

// Rows without a split of their own, by person.
std::vector<std::vector<std::size_t>> groups_of(std::span<const CatalogRow* const> rows) {
  std::vector<std::size_t> undecided;
  std::vector<std::string_view> persons;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]->split.empty()) continue;
    undecided.push_back(i);
    persons.push_back(rows[i]->person.str());
  }
  std::vector<std::vector<std::size_t>> groups = by_person(persons);
  for (auto& group : groups)
    for (std::size_t& i : group) i = undecided[i];
  return groups;
}

}  // namespace

std::string_view describe(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "used";
    case Reason::unknown_date:
      return "unknown or impossible date";
    case Reason::age_below_minimum:
      return "age below the minimum";
    case Reason::age_above_maximum:
      return "age above the maximum";
    case Reason::no_face:
      return "no face";
    case Reason::low_face_score:
      return "low face score";
    case Reason::second_face:
      return "second face";
    case Reason::no_second_face:
      return "no second face";
    case Reason::unknown_gender:
      return "unknown gender";
    case Reason::balanced_away:
      return "dropped to balance the classes";
    case Reason::unknown_age:
      return "no age given";
    case Reason::unreadable_age:
      return "the age cannot be read";
    case Reason::wrong_columns:
      return "more or fewer columns than the header";
    case Reason::no_file_named:
      return "no file named";
    case Reason::unknown_part:
      return "split is none of train, val, test";
    case Reason::no_such_file:
      return "no such file";
    case Reason::ambiguous_name:
      return "ambiguous name";
    case Reason::undecodable:
      return "undecodable";
    case Reason::too_small:
      return "smaller than 2×2 pixels";
    case Reason::bad_face_box:
      return "face box empty or outside";
    case Reason::no_face_found:
      return "no face found in the picture";
  }
  return "unknown reason";
}

Reason screen(const CatalogRow& row, const recipe::ScreenRecipe& recipe) {
  if (row.fault != Reason::none) return row.fault;
  if (Reason reason = screen_age(row, recipe); reason != Reason::none) return reason;
  if (Reason reason = screen_face(row, recipe); reason != Reason::none) return reason;
  if (recipe.gender == recipe::GenderRule::required && row.gender == Gender::unknown) return Reason::unknown_gender;
  return Reason::none;
}

std::vector<std::size_t> choose_rows(std::size_t rows, std::optional<std::size_t> limit,
                                     std::optional<std::uint64_t> sample_seed) {
  std::vector<std::size_t> chosen(rows);
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  if (!limit || *limit >= rows) return chosen;
  if (sample_seed) base::Random(*sample_seed, base::Purpose::sample).shuffle(std::span(chosen));
  chosen.resize(*limit);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::string_view name_of(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::val:
      return "val";
    case Split::test:
      return "test";
  }
  return "?";
}

std::vector<Split> assign_splits(std::span<const CatalogRow* const> rows, const recipe::SplitRecipe& recipe) {
  std::vector<Split> splits(rows.size(), Split::test);
  std::vector<std::vector<std::size_t>> groups = groups_of(rows);
  std::size_t undecided = 0, taken = 0;
  for (const auto& group : groups) undecided += group.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]->split.empty()) splits[i] = split_named(rows[i]->split);
  }
  auto wanted = static_cast<std::size_t>(std::llround(recipe.train * static_cast<double>(undecided)));
  if (recipe.rule == recipe::SplitRule::ordered) {
    for (std::size_t i = 0; i < rows.size() && taken < wanted; ++i) {
      if (!rows[i]->split.empty()) continue;
      splits[i] = Split::train;
      ++taken;
    }
    return splits;
  }
  base::Random(recipe.seed, base::Purpose::split).shuffle(std::span(groups));
  for (const auto& group : groups) {
    // Nearer to the wanted number with this group than without it?
    if (taken + group.size() > wanted && taken + group.size() - wanted > wanted - std::min(taken, wanted)) continue;
    for (std::size_t i : group) splits[i] = Split::train;
    taken += group.size();
    if (taken >= wanted) break;
  }
  return splits;
}

std::vector<std::size_t> balance(std::span<const int> class_of, std::uint64_t seed) {
  std::map<int, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < class_of.size(); ++i) members[class_of[i]].push_back(i);
  std::size_t fewest = class_of.size();
  for (const auto& [name, rows] : members) fewest = std::min(fewest, rows.size());
  std::vector<std::size_t> dropped;
  for (auto& [name, rows] : members) {
    base::Random(seed, base::Purpose::balance, 0, static_cast<std::uint32_t>(name)).shuffle(std::span(rows));
    dropped.insert(dropped.end(), rows.begin() + static_cast<std::ptrdiff_t>(fewest), rows.end());
  }
  std::sort(dropped.begin(), dropped.end());
  return dropped;
}

bool is_gross(const ShareDifference& difference) { return difference.found > 0.2 + difference.by_chance; }

ShareDifference share_difference(std::span<const int> class_of, std::span<const Split> splits) {
  std::map<int, std::array<double, 2>> counts;
  std::array<double, 2> all{};
  for (std::size_t i = 0; i < class_of.size(); ++i) {
    std::size_t part = splits[i] == Split::train ? 0 : 1;
    counts[class_of[i]][part] += 1;
    all[part] += 1;
  }
  if (all[0] == 0 || all[1] == 0) return {};
  ShareDifference difference{0, std::sqrt(static_cast<double>(counts.size()) * (1 / all[0] + 1 / all[1])) / 2};
  for (const auto& [name, count] : counts) difference.found += std::abs(count[0] / all[0] - count[1] / all[1]) / 2;
  return difference;
}

}  // namespace agewise::catalog
