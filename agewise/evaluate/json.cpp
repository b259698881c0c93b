#include "agewise/evaluate/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agewise/base/text.h"
#include "agewise/evaluate/coverage.h"

namespace agewise::evaluate {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Scores& scores) {
  Json json{{"accuracy", scores.accuracy}, {"mae", scores.mae}, {"mean_error", scores.mean_error}};
  for (std::size_t k = 0; k < kScoreYears.size(); ++k) json[fmt::format("cs{}", kScoreYears[k])] = scores.cs[k];
  if (scores.epsilon_error) json["epsilon_error"] = *scores.epsilon_error;
  return json;
}

Json to_json(const Group& group) {
  return {{"name", group.name},
          {"pictures", group.pictures},
          {"missing", group.missing},
          {"model", to_json(group.model)},
          {"baseline", to_json(group.baseline)}};
}

Json to_json(const std::vector<Group>& groups) {
  Json json = Json::array();
  for (const Group& group : groups) json.push_back(to_json(group));
  return json;
}

Json figures_of(const RangeScores& ranges) {
  return {{"pictures", ranges.pictures},
          {"inside", ranges.inside},
          {"within_2_years", ranges.near},
          {"distance", ranges.distance},
          {"mean_distance", ranges.mean_distance}};
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const std::optional<Members>& members) {
  if (!members) return nullptr;
  return {{"count", members->count},
          {"mean_mae", members->mean_mae},
          {"best_mae", members->best_mae},
          {"worst_mae", members->worst_mae},
          {"spread", members->spread}};
}

Json to_json(const Covered& covered) {
  return {{"name", covered.name},
          {"pictures", covered.pictures},
          {"coverage", covered.share},
          {"mean_width", covered.width}};
}

Json to_json(const ReliabilityBin& bin) {
  return {{"pictures", bin.pictures}, {"told", bin.told}, {"older", bin.older}};
}

}  // namespace

nlohmann::ordered_json to_json(const Ranges& ranges) {
  Json json = figures_of(ranges.all);
  for (const RangeScores& group : ranges.groups) {
    Json one{{"name", group.name}};
    one.update(figures_of(group));
    json["groups"].push_back(std::move(one));
  }
  return json;
}

nlohmann::ordered_json to_json(const Coverage& coverage) {
  Json json = to_json(coverage.all);
  json["promised"] = coverage.promised;
  json["decades"] = Json::array();
  for (const Covered& decade : coverage.decades) json["decades"].push_back(to_json(decade));
  const Covered* worst = worst_decade(coverage);
  json["worst"] = worst != nullptr ? Json(worst->name) : Json(nullptr);
  if (coverage.untold > 0) {
    json["untold"] = coverage.untold;
    json["told"] = coverage.told ? to_json(*coverage.told) : Json(nullptr);
  }
  return json;
}

nlohmann::ordered_json to_json(const std::vector<Reliability>& reliability) {
  Json list = Json::array();
  for (const Reliability& one : reliability) {
    Json json{{"years", one.years}}, bins = Json::array();
    json.update(to_json(one.all));
    json["error"] = one.error;
    for (const ReliabilityBin& bin : one.bins) bins.push_back(to_json(bin));
    json["bins"] = std::move(bins);
    list.push_back(std::move(json));
  }
  return list;
}

nlohmann::ordered_json to_json(const Evaluation& evaluation) {
  Json worst = Json::array();
  for (const Prediction& prediction : evaluation.worst) {
    worst.push_back({{"row", prediction.face.row},
                     {"file", base::as_utf8(prediction.face.file)},
                     {"age", prediction.face.age},
                     {"estimate", prediction.estimate}});
  }
  return {{"part", catalog::name_of(evaluation.part)},
          {"classes", evaluation.class_names},
          {"majority_class", evaluation.class_names[evaluation.majority_class]},
          {"mean_age", evaluation.mean_age},
          {"baseline_from", evaluation.baseline_from},
          {"all", to_json(evaluation.all)},
          {"decades", to_json(evaluation.decades)},
          {"genders", to_json(evaluation.genders)},
          {"races", to_json(evaluation.races)},
          {"sources", to_json(evaluation.sources)},
          {"confusion", evaluation.confusion},
          {"worst", worst},
          {"members", to_json(evaluation.members)},
          {"ranges", evaluation.ranges ? to_json(*evaluation.ranges) : Json(nullptr)},
          {"coverage", evaluation.coverage ? to_json(*evaluation.coverage) : Json(nullptr)},
          {"reliability", to_json(evaluation.reliability)},
          {"gender_accuracy", or_null(evaluation.gender_accuracy)},
          {"beats_majority", or_null(evaluation.beats_majority)},
          {"beats_mean_age", or_null(evaluation.beats_mean_age)}};
}

nlohmann::ordered_json to_json(const Evaluation& evaluation, const estimate::Model& model) {
  Json json = evaluation.all.pictures > 0 ? to_json(evaluation)
                                          : Json{{"part", catalog::name_of(evaluation.part)},
                                                 {"ranges", to_json(*evaluation.ranges)},
                                                 {"reliability", to_json(evaluation.reliability)}};
  json["caveats"] = caveats(evaluation, model);
  return json;
}

}  // namespace agewise::evaluate
