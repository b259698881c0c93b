// Small networks that every engine must compute as the reference engine does.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "agewise/nn/graph.h"

namespace agewise::nn {

struct Case {
  std::string name;
  Graph graph;
};

// The article's block of convolution, normalisation, ReLU, pool and dropout, twice, and its fully connected layers.
Case article_case();

// Every kind of layer, with the options and neighbours that engines treat differently. A layer with weights comes first
// wherever it can, so that the gradient towards the input of the layer after it shows.
std::vector<Case> layer_cases();

// Layers of any kind read any earlier ones; what nobody reads is an output.
Graph random_graph(std::uint64_t seed);

}  // namespace agewise::nn
