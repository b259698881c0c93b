#include "agewise/estimate/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace agewise::estimate {
namespace {

using Json = nlohmann::ordered_json;

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

Json place_json(const Face& face) {
  if (!face.box) return Json::object({{"box", nullptr}, {"crop", true}});
  return {{"box", {face.box->left, face.box->top, face.box->right, face.box->bottom}},
          {"angle", face.angle},
          {"score", face.score},
          {"replicated", face.replicated}};
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
          {"members", member_count(model)},
          {"face_size", recipe.face.size},
          {"colour", recipe.face.colour == recipe::Colour::grey ? "grey" : "rgb"},
          {"mean", recipe.network.mean},
          {"scale", recipe.network.scale},
          {"whitening", whitening_of(model)},
          {"classes", classes_json(model.classes)},
          {"layers", layers_json(model)},
          {"coverage", model.intervals ? Json(model.intervals->coverage) : Json(nullptr)},
          {"intervals", model.intervals ? to_json(*model.intervals) : Json(nullptr)},
          {"notes", model.notes},
          {"recipe_toml", recipe::to_toml(recipe)}};
}

Json distribution_json(const Model& model, const Estimate& estimate) {
  Json list = Json::array();
  std::vector<double> probabilities = distribution_of(estimate);
  for (std::size_t c = 0; c < probabilities.size(); ++c)
    list.push_back({{"class", model.classes.names[c]}, {"probability", probabilities[c]}});
  return list;
}

Json to_json(const Model& model, const face::FaceCut& cut, const std::string& refusal, const Estimate& estimate,
             int at_least) {
  Face face = face_of(model, cut, refusal, estimate, at_least);
  Json json = place_json(face);
  json["age"] = face.age ? Json(*face.age) : Json(nullptr);
  if (!face.age) json["reason"] = face.reason;
  if (face.spread) json["spread"] = *face.spread;
  if (face.male) json["male"] = *face.male;
  if (!face.age_class.empty()) json["class"] = face.age_class;
  if (face.interval) {
    json["interval"] = {
        {"low", face.interval->low}, {"high", face.interval->high}, {"coverage", face.interval->coverage}};
  }
  if (face.at_least) json["at_least"] = {{"years", face.at_least->years}, {"probability", face.at_least->probability}};
  return json;
}

Json to_json(const Intervals& intervals) {
  Json json{{"coverage", intervals.coverage}};
  for (const AgeGroup& group : intervals.groups)
    json["groups"].push_back({{"from", group.from}, {"low", group.low}, {"high", group.high}});
  for (const IntervalBand& band : intervals.bands)
    json["bands"].push_back({{"from", band.from}, {"below", band.below}, {"above", band.above}});
  for (const Sigmoid& sigmoid : intervals.at_least)
    json["at_least"].push_back({{"years", sigmoid.years}, {"offset", sigmoid.offset}, {"slope", sigmoid.slope}});
  return json;
}

}  // namespace agewise::estimate
