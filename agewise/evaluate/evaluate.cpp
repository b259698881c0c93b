#include "agewise/evaluate/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "agewise/age/metrics.h"
#include "agewise/base/error.h"
#include "agewise/evaluate/coverage.h"
#include "agewise/evaluate/groups.h"
#include "agewise/evaluate/reliability.h"
#include "agewise/train/run_folder.h"

namespace agewise::evaluate {
namespace {

constexpr const char* kThesePictures = "these pictures";
constexpr double kStandardErrors = 2;  // that a difference must have to be told from chance

bool is_missing(const Prediction& prediction) { return std::isnan(prediction.estimate); }

struct Answers {
  std::vector<double> ages;
  std::vector<int> classes;
};

struct Truth {
  std::vector<double> ages, sigmas;
  std::vector<int> classes;
};

struct Baseline {
  int majority_class;
  double mean_age;
};

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Baseline baseline_of(const age::Classes& classes, const std::vector<double>& ages) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes.count()));
  for (double age : ages) ++counts[age::class_of(classes, age)];
  auto commonest = std::max_element(counts.begin(), counts.end());
  return {static_cast<int>(commonest - counts.begin()), mean(ages)};
}

Scores scores_of(const Answers& answers, const Truth& truth) {
  Scores scores;
  double right = 0;
  bool missing = false;
  for (std::size_t i = 0; i < truth.classes.size(); ++i) {
    bool given = !std::isnan(answers.ages[i]);
    right += given && answers.classes[i] == truth.classes[i] ? 1 : 0;
    missing = missing || !given;
  }
  scores.accuracy = right / static_cast<double>(truth.classes.size());
  // A mean over fewer pictures would flatter the network.
  scores.mae = missing ? catalog::kNotANumber : age::mean_absolute_error(answers.ages, truth.ages);
  scores.mean_error = missing ? catalog::kNotANumber : age::mean_signed_error(answers.ages, truth.ages);
  for (std::size_t k = 0; k < kScoreYears.size(); ++k) {
    scores.cs[k] = age::cumulative_score(answers.ages, truth.ages, kScoreYears[k]);
  }
  bool all_known = std::none_of(truth.sigmas.begin(), truth.sigmas.end(), [](double s) { return std::isnan(s); });
  if (all_known) scores.epsilon_error = age::epsilon_error(answers.ages, truth.ages, truth.sigmas);
  return scores;
}

Group group_of(std::string name, const Pictures& members, const age::Classes& classes, const Baseline& baseline) {
  Truth truth;
  Answers answers;
  for (const Prediction* prediction : members) {
    truth.ages.push_back(prediction->face.age);
    truth.sigmas.push_back(prediction->face.age_sigma);
    truth.classes.push_back(age::class_of(classes, prediction->face.age));
    answers.ages.push_back(prediction->estimate);
    answers.classes.push_back(prediction->estimated_class);
  }
  Answers blind{std::vector<double>(members.size(), baseline.mean_age),
                std::vector<int>(members.size(), baseline.majority_class)};
  auto missing = std::ranges::count_if(answers.ages, [](double age) { return std::isnan(age); });
  return {std::move(name), static_cast<std::int64_t>(members.size()), missing, scores_of(answers, truth),
          scores_of(blind, truth)};
}

template <class KeyOf, class NameOf>
std::vector<Group> groups_by(const Pictures& all, const age::Classes& classes, const Baseline& baseline, KeyOf key_of,
                             NameOf name_of_key) {
  std::vector<Group> groups;
  for (const auto& [key, list] : divided_by(all, key_of))
    groups.push_back(group_of(name_of_key(key), list, classes, baseline));
  return groups;
}

int decade_of(const store::FaceRecord& face) { return static_cast<int>(std::floor(face.age / 10)); }

// Whether the mean advantage of the model over a baseline is above 0 by more than chance explains.
bool clearly_positive(const std::vector<double>& advantages) {
  double middle = mean(advantages), squares = 0;
  for (double advantage : advantages) squares += (advantage - middle) * (advantage - middle);
  auto n = static_cast<double>(advantages.size());
  double standard_error = std::sqrt(squares / std::max(1.0, n - 1) / n);
  return middle > kStandardErrors * standard_error;
}

void compare_with_baseline(const std::vector<Prediction>& predictions, const age::Classes& classes,
                           Evaluation& evaluation) {
  if (evaluation.all.missing > 0) return;
  std::vector<double> hits, years;
  for (const Prediction& one : predictions) {
    int truth = age::class_of(classes, one.face.age);
    hits.push_back((one.estimated_class == truth ? 1 : 0) - (evaluation.majority_class == truth ? 1 : 0));
    years.push_back(std::abs(evaluation.mean_age - one.face.age) - std::abs(one.estimate - one.face.age));
  }
  evaluation.beats_majority = clearly_positive(hits);
  evaluation.beats_mean_age = clearly_positive(years);
}

std::optional<Members> members_of(const std::vector<Prediction>& predictions) {
  std::size_t count = predictions.front().members.size();
  bool all_gave = std::ranges::all_of(predictions, [](const Prediction& one) {
    return std::ranges::all_of(one.members, [](double age) { return std::isfinite(age); });
  });
  if (count < 2 || !all_gave) return std::nullopt;
  std::vector<double> maes(count), spreads;
  for (const Prediction& one : predictions) {
    double squares = 0;
    for (std::size_t m = 0; m < count; ++m) {
      maes[m] += std::abs(one.members[m] - one.face.age) / static_cast<double>(predictions.size());
      squares += (one.members[m] - one.estimate) * (one.members[m] - one.estimate);
    }
    spreads.push_back(std::sqrt(squares / static_cast<double>(count - 1)));
  }
  auto [best, worst] = std::minmax_element(maes.begin(), maes.end());
  return Members{count, mean(maes), *best, *worst, mean(spreads)};
}

std::optional<double> gender_accuracy_of(const std::vector<Prediction>& predictions) {
  double right = 0, known = 0;
  for (const Prediction& one : predictions) {
    if (!one.male || one.face.gender == catalog::Gender::unknown) continue;
    known += 1;
    right += (*one.male >= 0.5) == (one.face.gender == catalog::Gender::male) ? 1 : 0;
  }
  return known > 0 ? std::optional(right / known) : std::nullopt;
}

std::vector<Prediction> worst_of(std::vector<Prediction> predictions) {
  auto error = [](const Prediction& one) {
    return is_missing(one) ? std::numeric_limits<double>::infinity() : std::abs(one.estimate - one.face.age);
  };
  std::stable_sort(predictions.begin(), predictions.end(),
                   [&](const Prediction& a, const Prediction& b) { return error(a) > error(b); });
  predictions.resize(std::min(predictions.size(), kWorst));
  return predictions;
}

std::string missing_sentence(const Evaluation& evaluation) {
  std::string where;
  for (const Group& decade : evaluation.decades) {
    if (decade.missing == 0) continue;
    where += fmt::format("{}{} of {} aged {}", where.empty() ? "" : ", ", decade.missing, decade.pictures, decade.name);
  }
  return fmt::format(
      "The network gives no age for {} of {} pictures, because its output for them is not a number: {}. Groups with "
      "such pictures, and all pictures together, have no mean error. Train the network again with a smaller "
      "train.learning_rate.",
      evaluation.all.missing, evaluation.all.pictures, where);
}

std::vector<double> training_ages(const store::Store& store) {
  std::vector<double> ages;
  for (const store::FaceRecord& face : store.faces()) {
    if (face.split == catalog::Split::train && !face.age_range) ages.push_back(face.age);
  }
  return ages;
}

}  // namespace

Evaluation evaluate(const std::vector<Prediction>& predictions, catalog::Split part, const age::Classes& classes,
                    const std::vector<double>& training_ages) {
  std::vector<double> own_ages;
  for (const Prediction& one : predictions) own_ages.push_back(one.face.age);
  Baseline baseline = baseline_of(classes, training_ages.empty() ? own_ages : training_ages);
  Evaluation result;
  result.baseline_from = training_ages.empty() ? kThesePictures : "the training part";
  result.part = part;
  result.class_names = classes.names;
  result.majority_class = baseline.majority_class;
  result.mean_age = baseline.mean_age;
  Pictures everyone;
  for (const Prediction& one : predictions) everyone.push_back(&one);
  result.all = group_of("all", everyone, classes, baseline);
  result.decades = groups_by(everyone, classes, baseline, decade_of, name_of_decade);
  result.genders = groups_by(
      everyone, classes, baseline, [](const store::FaceRecord& face) { return face.gender; }, name_of_gender);
  result.races = groups_by(
      everyone, classes, baseline, [](const store::FaceRecord& face) { return face.race; },
      [](const std::string& race) { return race; });
  std::erase_if(result.races, [](const Group& group) { return group.name.empty(); });  // labels that name none
  result.sources = groups_by(
      everyone, classes, baseline, [](const store::FaceRecord& face) { return face.source; },
      [](const std::string& source) { return source; });
  auto count = static_cast<std::size_t>(classes.count());
  result.confusion.assign(count, std::vector<std::int64_t>(count));
  for (const Prediction& one : predictions) {
    if (!is_missing(one)) ++result.confusion[age::class_of(classes, one.face.age)][one.estimated_class];
  }
  result.worst = worst_of(predictions);
  result.members = members_of(predictions);
  result.gender_accuracy = gender_accuracy_of(predictions);
  if (!training_ages.empty()) compare_with_baseline(predictions, classes, result);
  return result;
}

namespace {

std::filesystem::path only_store_of(const train::RunFolder& run) {
  std::vector<train::StoreOfRun> stores = train::read_metadata(run).stores;
  if (stores.size() == 1) return stores.front().file;
  throw base::UsageError(fmt::format("{}: was trained on {} stores; name the one to evaluate it on (--data)",
                                     run.path.string(), stores.size()));
}

}  // namespace

store::Store store_for(const std::filesystem::path& model, const std::filesystem::path& data) {
  if (data.empty() && !train::is_run(model))
    throw base::UsageError("give the store to evaluate the model on (--data STORE)");
  store::Store store(data.empty() ? only_store_of({model}) : data);
  store.check_complete();
  return store;
}

Evaluation evaluation_of(std::vector<Prediction> predictions, catalog::Split part, const estimate::Model& model,
                         const store::Store& store) {
  std::vector<Reliability> reliability;
  if (model.intervals) reliability = reliability_of(predictions, model.intervals->at_least);
  std::optional<Ranges> ranges = take_ranges(predictions);
  Evaluation evaluation;
  evaluation.part = part;
  if (!predictions.empty()) evaluation = evaluate(predictions, part, model.classes, training_ages(store));
  if (model.intervals)
    evaluation.coverage = coverage_of(predictions, model.intervals->coverage, model.recipe.predict.widest_interval);
  evaluation.reliability = std::move(reliability);
  evaluation.ranges = std::move(ranges);
  evaluation.other_cut = caveat_of_cut(model, store);
  return evaluation;
}

std::vector<std::string> caveats(const Evaluation& evaluation, const estimate::Model& model) {
  std::vector<std::string> sentences;
  if (!evaluation.other_cut.empty()) sentences.push_back(evaluation.other_cut);
  if (!evaluation.other_settings.empty())
    sentences.push_back(fmt::format("The ages were estimated with other settings than the model's own: {}.",
                                    evaluation.other_settings));
  const Scores &network = evaluation.all.model, &blind = evaluation.all.baseline;
  if (evaluation.all.missing > 0) sentences.push_back(missing_sentence(evaluation));
  if (evaluation.baseline_from == kThesePictures) {
    sentences.emplace_back(
        "The store has no training part, so the baselines use the most frequent class and the mean age of these "
        "pictures themselves, which makes them look better than they are.");
  }
  bool years = model.recipe.classes.years > 0;  // nobody asks for the very year
  if (evaluation.beats_majority == false && !years) {
    sentences.push_back(
        fmt::format("The network is no better than guessing: always answering \"{}\", the commonest class of {}, is "
                    "right in {:.1f} % of "
                    "these pictures, the network in {:.1f} %.",
                    evaluation.class_names[evaluation.majority_class], evaluation.baseline_from, 100 * blind.accuracy,
                    100 * network.accuracy));
  }
  if (evaluation.beats_mean_age == false) {
    sentences.push_back(
        fmt::format("The network's ages are no better than guessing: always answering {:.1f} years, the mean of {}, is "
                    "{:.2f} years off, the network {:.2f}.",
                    evaluation.mean_age, evaluation.baseline_from, blind.mae, network.mae));
  }
  auto validated = model.notes.find("validated on");
  bool chosen = model.recipe.train.monitor != recipe::Monitor::last;
  if (chosen && validated != model.notes.end() && validated->second == catalog::name_of(evaluation.part)) {
    sentences.push_back(
        fmt::format("The best epoch was chosen on these same {} pictures: the figures flatter the network a little.",
                    catalog::name_of(evaluation.part)));
  }
  return sentences;
}

}  // namespace agewise::evaluate
