#include "tests/estimate/small_model.h"

#include <stdexcept>

namespace agewise::estimate {

Model small_model(const std::string& tables) {
  Model model;
  model.recipe = recipe::parse_recipe(R"(
name = "small"
face.size = 8
classes.edges = [30, 60]
[train]
)" + tables + R"(
[[network.layers]]
kind = "fully-connected"
name = "outputs"
outputs = "classes"
)",
                                      "small");
  model.classes = recipe::classes_of(model.recipe.classes);
  model.classes.values = {20, 40, 70};
  model.graph = graph_of(model.recipe, model.classes);
  model.parameters.assign(static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(model.graph))), 0);
  return model;
}

std::span<float> parameter(Model& model, const std::string& name) {
  std::size_t place = 0;
  for (const nn::ParameterInfo& info : nn::parameters_of(model.graph)) {
    auto size = static_cast<std::size_t>(info.size());
    if (info.name == name) return std::span(model.parameters).subspan(place, size);
    place += size;
  }
  throw std::invalid_argument(name);
}

whiten::Zca centring() {
  std::vector<float> basis(64, 0);
  basis[0] = 1;
  return {64, std::vector<float>(64, 100), basis, {0}, 1, 1, 10};
}

}  // namespace agewise::estimate
