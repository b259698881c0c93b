// The networks that come with agewise: models/detector.safetensors and models/upright.safetensors, compiled in, so that
// there is nothing to be found, to be missing or to be of another version.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "agewise/nn/graph.h"

namespace agewise::face {

// The graph's parameters, in canonical layout, of the file of that stem. Throws Error if it is of another network.
std::vector<float> bundled_parameters(const std::string& stem, const nn::Graph& graph);

// A text of that file's metadata.
std::string bundled_text(const std::string& stem, const std::string& name);

}  // namespace agewise::face
