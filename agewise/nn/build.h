// From a recipe's [network] table to a graph.
#pragma once
#include "agewise/nn/graph.h"
#include "agewise/recipe/recipe.h"

namespace agewise::nn {

// The graph for pictures of `channels` × `size` × `size`. Layers that follow each other need no `from`; a layer without
// a name gets its kind and number ("relu3"); the name of the input layer is "input". The outputs are the layers that no
// other layer reads. Kinds and their options, with defaults where they may be left out:
//
//   convolution          channels; kernel or kernel_height and kernel_width; stride 1; pad 0 (one number, or top, left,
//                        bottom, right); groups 1; bias true; initial "he-normal"
//   batch-norm           epsilon 1e-5; momentum 0.9
//   relu, global-average-pool, add, concat, softmax, scale, prelu, sigmoid, tanh, multiply, subtract, divide
//   max-pool             kernel; stride = kernel; pad 0
//   average-pool         the same
//   dropout              rate
//   fully-connected      outputs (a number, or "classes"; for a regression that is 1); bias true; initial "he-normal"
//   pad                  channels 0, bottom 0, right 0: zeros appended; top 0, left 0: put before
//   upsample             factor
//   hard-swish, silu
//   hard-sigmoid         slope 1/6; offset 0.5
//   gelu                 tanh false
//   clip                 low 0; high 6
//   layer-norm           epsilon 1e-5
//   slice                first 0; channels
//   shuffle              groups
//   reshape              shape: channels, height, width
//   transpose            order: which of the input's axes (0, 1, 2: channels, height, width) each of the output's is
//
// initial: "he-normal", "lecun-normal", "pytorch-uniform", "normal-001". On every layer with weights: lr_multiplier 1,
// bias_lr_multiplier = lr_multiplier. Throws UsageError naming layer and key for an unknown kind or option (with the
// nearest known one), a missing or wrong value, or shapes that do not fit.
Graph build_graph(const recipe::NetworkRecipe& network, int channels, int size, int classes);

// Holds still the layers whose names match `pattern` (* and ? as in a shell): rates and, of batch normalisation, the
// running statistics. Throws UsageError if no layer with weights has such a name.
void freeze(Graph& graph, const std::string& pattern);

// The [network] layers of which build_graph() makes the graph's again, all names and inputs spelled out; a fully
// connected output of `classes` numbers says outputs = "classes". The graph has one input; its layer may have any name,
// no other is named "input".
std::vector<recipe::LayerRecipe> graph_to_config(const Graph& graph, int classes);

}  // namespace agewise::nn
