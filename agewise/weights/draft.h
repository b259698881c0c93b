// A network on its way from a file to a graph: layers with their arrays, before constants are folded.
#pragma once
#include <string>
#include <vector>

#include "agewise/nn/graph.h"

namespace agewise::weights {

struct DraftLayer {
  nn::Layer layer;
  std::vector<std::vector<float>> arrays;  // its parameters, in the order of parameters_of()
};

// Inputs and outputs by index, as a Graph's.
struct Draft {
  std::vector<DraftLayer> layers;
  std::vector<int> inputs, outputs;
};

// A scale that alone reads another one becomes part of it …
void merge_scales(Draft& draft);

// … and one that alone reads a convolution, a fully connected layer, a normalisation or another scale, too.
void fold_scales(Draft& draft);

// Convolutions of the same input that are added become one, and so does a batch normalisation beside one: what
// estimates alike in one pass. They must have one reader each.
void merge_branches(Draft& draft);

// Gives a convolution or fully connected layer a bias if it has none.
void want_bias(DraftLayer& layer);

// Flattening before a fully connected layer, which flattens by itself, goes; so does what no output needs. Inputs stay.
void drop_needless(Draft& draft);

// Sigmoid and hard sigmoid times their input, and what TensorFlow and older exporters write for them, become SiLU, hard
// sigmoid and hard swish. Layers that nobody needs then stay, for drop_needless().
void join_activations(Draft& draft);

// Scales by 1 with nothing added go.
void drop_idle_scales(Draft& draft);

// The graph and its parameters in canonical layout. Throws Error naming the layer if a number is not finite.
struct DraftNetwork {
  nn::Graph graph;
  std::vector<float> parameters;
};
DraftNetwork finished(const Draft& draft);

}  // namespace agewise::weights
