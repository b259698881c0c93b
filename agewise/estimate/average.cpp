#include "agewise/estimate/average.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/face/spec.h"

namespace agewise::estimate {
namespace {

bool same_parameters(const nn::Graph& a, const nn::Graph& b) {
  return std::ranges::equal(
      nn::parameters_of(a), nn::parameters_of(b),
      [](const nn::ParameterInfo& x, const nn::ParameterInfo& y) { return x.name == y.name && x.shape == y.shape; });
}

// What keeps the other network from being averaged with `model`; empty: nothing.
std::string obstacle(const Model& model, const Model& other) {
  if (member_count(other) > 1) return "is an ensemble";
  if (other.recipe.whiten.method != recipe::Whitening::none) return "whitens";
  if (!same_parameters(model.graph, other.graph)) return "has other parameters";
  if (other.classes.values != model.classes.values) return "has other age classes";
  const recipe::NetworkRecipe &mine = model.recipe.network, &its = other.recipe.network;
  if (its.scale != mine.scale || its.mean != mine.mean || its.bgr != mine.bgr)
    return "sees pixels of another scale, mean or channel order";
  face::Fit fit = face::fits(face::spec_of(model.recipe), face::spec_of(other.recipe), face::Use::estimate);
  if (!fit) return "sees other faces: " + face::text_of(fit.differences);
  face::View mine_seen = face::view_of(model.recipe), its_seen = face::view_of(other.recipe);
  if (its_seen.edge != mine_seen.edge || its_seen.side != mine_seen.side) return "sees another part of the face";
  return "";
}

// What one of them must not be used for, their mean must not either.
void keep_terms(Model& model, const Model& other) {
  for (const char* name : {"licence", "not for"}) {
    auto its = other.notes.find(name);
    if (its == other.notes.end()) continue;
    std::string& mine = model.notes[name];
    if (mine.find(its->second) == std::string::npos) mine += (mine.empty() ? "" : "; ") + its->second;
  }
}

}  // namespace

void average_weights(Model& model, std::span<const std::filesystem::path> others, double share) {
  if (!(share > 0 && share < 1))
    throw base::UsageError(fmt::format("the share is {}, but must be between 0 and 1", share));
  if (member_count(model) > 1)
    throw base::UsageError("an ensemble cannot be averaged with other models: its own networks were trained apart");
  if (model.recipe.whiten.method != recipe::Whitening::none)
    throw base::UsageError(
        "a model that whitens cannot be averaged with others: each was trained behind a transform of its own");
  if (others.empty()) throw std::invalid_argument("no model to be averaged with");
  std::vector<float> mean(model.parameters.size());
  std::vector<std::string> names;
  for (const std::filesystem::path& file : others) {
    Model other = read_model(file);
    std::string why = obstacle(model, other);
    if (!why.empty())
      throw base::UsageError(fmt::format("{}: cannot be averaged with the model, because it {}", file.string(), why));
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += other.parameters[i] / static_cast<float>(others.size());
    keep_terms(model, other);
    names.push_back(base::as_utf8(file.string()));
  }
  for (std::size_t i = 0; i < mean.size(); ++i)
    model.parameters[i] = static_cast<float>(share * model.parameters[i] + (1 - share) * mean[i]);
  forget_what_was_measured(model);
  model.notes["averaged with"] = fmt::format("{}, whose share is {:.3g}", fmt::join(names, " and "), 1 - share);
}

}  // namespace agewise::estimate
