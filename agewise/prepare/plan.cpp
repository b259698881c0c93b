#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/catalog/label_options.h"
#include "agewise/prepare/prepare.h"
#include "agewise/prepare/shard.h"

namespace agewise::prepare {
namespace {

// What decides the choice of rows, in words that a second run must repeat.
std::string describe_labels(const PrepareOptions& options, const std::vector<std::string>& files) {
  std::string text = fmt::format("{}", fmt::join(files, "\n"));
  if (options.limit) text += fmt::format("\nlimit {}", *options.limit);
  if (options.sample_seed) text += fmt::format("\nsample {}", *options.sample_seed);
  if (options.balance) text += "\nbalance";
  if (std::string own = catalog::to_text(options.label_options); !own.empty()) text += "\n" + own;
  return text;
}

std::string describe_file(const std::filesystem::path& file, const catalog::Catalog& catalog) {
  if (std::filesystem::is_directory(file))
    return fmt::format("{} ({}, {} rows)", file.filename().string(), catalog.kind, catalog.rows.size());
  base::MappedFile content = base::MappedFile::read_only(file);
  return fmt::format("{} ({}, {} rows, {})", file.filename().string(), catalog.kind, catalog.rows.size(),
                     base::content_hash(content.bytes()).substr(0, 16));
}

// Of one label file, which is the rule, without ever holding its rows twice.
void append(std::vector<catalog::CatalogRow>& rows, std::vector<catalog::CatalogRow> more) {
  if (rows.empty()) {
    rows = std::move(more);
    return;
  }
  std::move(more.begin(), more.end(), std::back_inserter(rows));
}

bool has_classes(const recipe::ClassesRecipe& classes) { return classes.years > 0 || !classes.edges.empty(); }

// Of the wanted rows with an exact age: which they are, and their classes. A range may lie in several classes.
struct Classed {
  std::vector<std::size_t> places;  // in plan.wanted
  std::vector<int> classes;
};

Classed classes_of_wanted(const PreparePlan& plan) {
  age::Classes classes = recipe::classes_of(plan.metadata.recipe.classes);
  Classed classed;
  for (std::size_t i = 0; i < plan.ages.size(); ++i) {
    if (std::isnan(plan.ages[i])) continue;
    classed.places.push_back(i);
    classed.classes.push_back(age::class_of(classes, plan.ages[i]));
  }
  return classed;
}

// Genders that are digits are asked for only where they matter.
void check_genders(const std::filesystem::path& file, const catalog::Catalog& catalog, const recipe::Recipe& recipe) {
  bool needed = recipe.screen.gender == recipe::GenderRule::required || recipe.train.gender_weight > 0;
  if (!catalog.genders_unclear || !needed) return;
  throw base::UsageError(file.string() +
                         ": genders are digits, and the recipe needs them: give --gender 1=male (as in IMDB-WIKI) or "
                         "--gender 1=female (as in UTKFace)");
}

void screen_rows(PreparePlan& plan) {
  const recipe::ScreenRecipe& recipe = plan.metadata.recipe.screen;
  for (std::size_t row : plan.chosen) {
    catalog::Reason reason = catalog::screen(plan.rows[row], recipe);
    if (reason != catalog::Reason::none) {
      plan.rejects.push_back({row, reason});
      continue;
    }
    plan.wanted.push_back(row);
    plan.ages.push_back(catalog::age_of(plan.rows[row], recipe.age_rule));
  }
}

void balance_rows(PreparePlan& plan) {
  Classed classed = classes_of_wanted(plan);
  std::vector<std::size_t> dropped = catalog::balance(classed.classes, plan.metadata.recipe.split.seed);
  for (std::size_t& place : dropped) place = classed.places[place];
  std::vector<std::size_t> wanted;
  std::vector<double> ages;
  for (std::size_t i = 0; i < plan.wanted.size(); ++i) {
    std::size_t row = plan.wanted[i];
    if (std::binary_search(dropped.begin(), dropped.end(), i)) {
      plan.rejects.push_back({row, catalog::Reason::balanced_away});
    } else {
      wanted.push_back(row);
      ages.push_back(plan.ages[i]);
    }
  }
  plan.wanted = std::move(wanted);
  plan.ages = std::move(ages);
}

}  // namespace

PreparePlan plan_preparation(const PrepareOptions& options) {
  PreparePlan plan;
  plan.metadata.recipe = options.recipe;
  std::vector<std::string> files;
  for (const std::filesystem::path& file : options.labels) {
    catalog::Catalog catalog = catalog::read_labels(file, options.label_options);
    check_genders(file, catalog, options.recipe);
    for (const std::string& note : catalog.notes) plan.notes.push_back(file.string() + ": " + note);
    files.push_back(describe_file(file, catalog));
    append(plan.rows, std::move(catalog.rows));
  }
  plan.metadata.labels = describe_labels(options, files);
  plan.chosen = catalog::choose_rows(plan.rows.size(), options.limit, options.sample_seed);
  screen_rows(plan);
  if (options.balance && !has_classes(options.recipe.classes))
    throw base::UsageError("balancing (--balance) needs a recipe with [classes]");
  if (options.balance) balance_rows(plan);
  std::vector<const catalog::CatalogRow*> wanted;
  for (std::size_t row : plan.wanted) wanted.push_back(&plan.rows[row]);
  plan.splits = catalog::assign_splits(wanted, options.recipe.split);
  if (has_classes(options.recipe.classes)) {
    Classed classed = classes_of_wanted(plan);
    std::vector<catalog::Split> splits;
    for (std::size_t place : classed.places) splits.push_back(plan.splits[place]);
    plan.share_difference = catalog::share_difference(classed.classes, splits);
  }
  if (options.share) take_share(plan, *options.share);
  return plan;
}

}  // namespace agewise::prepare
