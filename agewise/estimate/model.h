// A trained model as one thing and one file: network, weights, and everything that happens to a picture before them.
// Links neither catalog nor store.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/nn/graph.h"
#include "agewise/recipe/recipe.h"
#include "agewise/whiten/zca.h"

namespace agewise {

struct Model {
  Recipe recipe;    // as resolved: face, classes, whiten, network and train.prediction are used
  Classes classes;  // values: mean training age of each class, where the recipe gives edges
  Graph graph;
  std::vector<float> parameters;  // plain layout
  std::optional<Zca> whitening;
  std::map<std::string, std::string> notes;  // what a card says: data, licence, figures, program version
};

// One safetensors file with the whole pre-processing in its metadata and tensors. Reading checks everything against
// the graph that the recipe makes; throws Error naming file and array.
void write_model(const std::filesystem::path& file, const Model& model);
Model read_model(const std::filesystem::path& file);

}  // namespace agewise
