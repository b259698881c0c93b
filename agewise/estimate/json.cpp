#include "agewise/estimate/json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace agewise::estimate {
namespace {

using Json = nlohmann::ordered_json;

// Digits beyond those that mean anything are left out.
constexpr double kThousandths = 1e3, kMillionths = 1e6;
double rounded(double value, double steps) { return std::round(value * steps) / steps; }

Json whitening_of(const Model& model) {
  if (!model.whitening) return nullptr;
  const whiten::Zca& zca = *model.whitening;
  return {{"components", zca.components()},
          {"identity", zca.identity_scale > 0},
          {"fitted_on", zca.fitted_on},
          {"epsilon", zca.epsilon}};
}

Json layers_json(const Model& model) {
  Json layers = Json::array();
  for (const LayerCard& card : layers_of(model)) {
    layers.push_back(
        {{"name", card.name}, {"kind", card.kind}, {"shape", card.shape}, {"parameters", card.parameters}});
  }
  return layers;
}

Json classes_json(const age::Classes& classes) {
  Json list = Json::array();
  for (int c = 0; c < classes.count(); ++c) list.push_back({{"name", classes.names[c]}, {"years", classes.values[c]}});
  return list;
}

}  // namespace

// Layer 0 of the graph is its input, which the recipe does not name.
std::vector<LayerCard> layers_of(const Model& model) {
  std::vector<LayerCard> cards;
  for (std::size_t i = 0; i < model.graph.layers.size(); ++i) {
    const nn::Layer& layer = model.graph.layers[i];
    cards.push_back({layer.name, i == 0 ? "pictures" : model.recipe.network.layers[i - 1].kind,
                     fmt::format("{}×{}×{}", layer.shape.channels, layer.shape.height, layer.shape.width)});
  }
  for (const nn::ParameterInfo& info : nn::parameters_of(model.graph)) cards[info.layer].parameters += info.size();
  return cards;
}

Json card_of(const Model& model) {
  const recipe::Recipe& recipe = model.recipe;
  return {{"kind", "model"},
          {"recipe", recipe.name},
          {"description", recipe.description},
          {"parameters", nn::parameter_count(nn::parameters_of(model.graph))},
          {"members", 1 + model.others.size()},
          {"face_size", recipe.face.size},
          {"colour", recipe.face.colour == recipe::Colour::grey ? "grey" : "rgb"},
          {"mean", recipe.network.mean},
          {"scale", recipe.network.scale},
          {"whitening", whitening_of(model)},
          {"classes", classes_json(model.classes)},
          {"layers", layers_json(model)},
          {"coverage", model.intervals ? Json(model.intervals->coverage) : Json(nullptr)},
          {"notes", model.notes},
          {"recipe_toml", recipe::to_toml(recipe)}};
}

Json place_of(const face::FaceCut& cut) {
  if (!cut.face) return Json::object({{"box", nullptr}, {"crop", true}});
  const image::Box& box = cut.face->box;
  Json sides = Json::array();
  for (double side : {box.left, box.top, box.right, box.bottom}) sides.push_back(rounded(side, kThousandths));
  return {{"box", std::move(sides)},
          {"angle", rounded(cut.face->angle, kThousandths)},
          {"score", rounded(cut.face->score, kMillionths)},
          {"replicated", rounded(cut.replicated, kMillionths)}};
}

Json probabilities_of(const Estimate& estimate) {
  Json list = Json::array();
  for (float probability : estimate.distribution) list.push_back(rounded(double{probability}, kMillionths));
  return list;
}

Json distribution_of(const Model& model, const Estimate& estimate) {
  Json list = Json::array(), probabilities = probabilities_of(estimate);
  for (int c = 0; c < model.classes.count(); ++c)
    list.push_back({{"class", model.classes.names[c]}, {"probability", probabilities[c]}});
  return list;
}

Json to_json(const Model& model, const face::FaceCut& cut, const std::string& refusal, const Estimate& estimate) {
  Json json = place_of(cut);
  const std::string& reason = refusal.empty() && std::isnan(estimate.age) ? kNoAge : refusal;
  if (!reason.empty()) {
    json["age"] = nullptr;
    json["reason"] = reason;
    return json;
  }
  json["age"] = rounded(estimate.age, kThousandths);
  if (!estimate.members.empty()) json["spread"] = rounded(spread_of(estimate), kThousandths);
  if (estimate.male) json["male"] = rounded(*estimate.male, kMillionths);
  if (names_classes(model)) json["class"] = model.classes.names[estimate.most_likely_class];
  if (estimate.interval) {
    json["interval"] = {{"low", rounded(estimate.interval->low, kThousandths)},
                        {"high", rounded(estimate.interval->high, kThousandths)},
                        {"coverage", model.intervals->coverage}};
  }
  return json;
}

Json to_json(const Intervals& intervals) {
  Json bands = Json::array();
  for (const IntervalBand& band : intervals.bands)
    bands.push_back({{"from", band.from}, {"below", band.below}, {"above", band.above}});
  return {{"coverage", intervals.coverage}, {"bands", bands}};
}

}  // namespace agewise::estimate
