#include "agewise/estimate/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agewise/base/error.h"
#include "agewise/recipe/keys.h"

namespace agewise::estimate {
namespace {

bool as_the_article_measured(const recipe::PredictRecipe& predict) {
  return predict.dropout || predict.batch_statistics;
}

void check(const recipe::Recipe& recipe, const recipe::PredictRecipe& before, SettingsUse use) {
  const recipe::PredictRecipe& now = recipe.predict;
  if (now.point_estimate != before.point_estimate && recipe.train.loss == recipe::Loss::regression)
    throw base::UsageError("predict.point_estimate: this model's network gives years, not a distribution over classes");
  bool same = now.dropout == before.dropout && now.batch_statistics == before.batch_statistics;
  if (!as_the_article_measured(now) || (same && now.flip == before.flip)) return;
  if (!same && use == SettingsUse::estimates)
    throw base::UsageError(
        "predict.dropout and predict.batch_statistics are for `agewise evaluate`: with them the age of a face would "
        "depend on chance, or on the pictures beside it");
  if (now.flip && use == SettingsUse::evaluation)
    throw base::UsageError(
        "predict.flip is not used with predict.dropout or predict.batch_statistics: add --set predict.flip=false");
}

}  // namespace

SettingsChange change_settings(Model& model, const std::vector<std::string>& assignments, SettingsUse use,
                               const recipe::Notice& notice) {
  recipe::Recipe before = model.recipe, now = model.recipe;
  recipe::set_options(now, assignments, notice);
  std::vector<std::string> changes;
  for (const recipe::Key& key : recipe::recipe_keys()) {
    std::string old_value = value_text(key, before), value = value_text(key, now);
    if (value == old_value) continue;
    if (key.table != "predict")
      throw base::UsageError("--set " + full_name(key) + ": of a trained model only keys of [predict] can be changed");
    changes.push_back(fmt::format("{} = {}, not {}", full_name(key), value, old_value));
  }
  check(now, before.predict, use);
  model.recipe.predict = now.predict;
  SettingsChange change{fmt::format("{}", fmt::join(changes, "; ")), ""};
  bool other_estimates =
      now.predict.point_estimate != before.predict.point_estimate || now.predict.flip != before.predict.flip;
  if (!other_estimates) return change;
  bool had_intervals = model.intervals.has_value();
  std::size_t notes = forget_what_was_measured(model);
  if (had_intervals)
    change.warning = change.text + ": the model's intervals were calibrated on other estimates, and none are given";
  else if (notes > 0)
    change.warning = change.text + ": what the model's card says of its error was measured on other estimates";
  return change;
}

}  // namespace agewise::estimate
