// A network as data: named layers with named inputs. No vendor's library is named here or in engine.h.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace agewise::nn {

// Of one sample; a batch is laid out N × C × H × W, a vector has height = width = 1.
struct Shape {
  int channels = 0, height = 1, width = 1;
  std::int64_t size() const { return std::int64_t{channels} * height * width; }
  friend bool operator==(const Shape&, const Shape&) = default;
};

// How fresh weights are drawn: each is normal or uniform with a deviation made of fan-in = inputs of one output.
enum class Initial { he_normal, lecun_normal, pytorch_uniform, normal_001 };

// top, left, bottom, right.
struct Padding {
  int top = 0, left = 0, bottom = 0, right = 0;
  friend bool operator==(const Padding&, const Padding&) = default;
};

namespace layer {
struct Input {
  Shape shape;
};
struct Convolution {
  int channels, kernel_height, kernel_width, stride;
  Padding pad;
  int groups;
  bool bias;
  Initial initial;
};
// y = γ (x - mean)/√(variance + ε) + β. Running statistics: new = momentum · old + (1 - momentum) · batch; the running
// variance is the unbiased one (n-1), as in PyTorch and Chainer.
struct BatchNorm {
  double epsilon, momentum;
};
struct Relu {};
// Windows that reach over the bottom or right edge are dropped (floor).
struct MaxPool {
  int kernel, stride;
  Padding pad;
};
// The same; divides by the number of pixels that lie inside the picture.
struct AveragePool {
  int kernel, stride;
  Padding pad;
};
struct GlobalAveragePool {};
// A share of `rate` is set to 0, the rest divided by 1 - rate (dropout.h).
struct Dropout {
  double rate;
};
// The input flattened as C, H, W.
struct FullyConnected {
  int outputs;
  bool bias;
  Initial initial;
};
// Of inputs of equal shape.
struct Add {};
// Zeros appended at the end of each axis; `top` and `left` put them before it.
struct Pad {
  int channels, bottom, right;
  int top = 0, left = 0;
};
// Along channels.
struct Concat {};
// `channels` of the input's, from `first` on.
struct Slice {
  int first, channels;
};
// Channels in `groups` groups are dealt out one of each group at a time: channel c of n comes from c % groups ·
// n/groups + c / groups (Zhang et al., "ShuffleNet", CVPR 2018).
struct Shuffle {
  int groups;
};
// Over channels.
struct Softmax {};
// y = weight · x + bias, one pair a channel.
struct Scale {};
// x where it is positive, else weight · x, one weight a channel.
struct PRelu {};
struct Sigmoid {};
// min(max(slope · x + offset, 0), 1).
struct HardSigmoid {
  double slope = 1.0 / 6, offset = 0.5;
};
// x · HardSigmoid{}(x) (Howard et al., "Searching for MobileNetV3", ICCV 2019).
struct HardSwish {};
// x · sigmoid(x), also called swish.
struct Silu {};
// x · Φ(x), Φ the distribution function of N(0, 1); `tanh`: x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), its
// approximation (Hendrycks and Gimpel, arXiv 1606.08415).
struct Gelu {
  bool tanh = false;
};
// min(max(x, low), high).
struct Clip {
  double low = 0, high = 6;
};
// As batch normalisation, but over the channels of each pixel by itself, and without running statistics.
struct LayerNorm {
  double epsilon;
};
struct Tanh {};
// Of two inputs, element by element; one of them may have height = width = 1 and then counts for all of its channel.
struct Multiply {};
struct Subtract {};
struct Divide {};
// Each pixel becomes factor × factor pixels.
struct Upsample {
  int factor;
};
// The same numbers in the same order (C, H, W) under another shape.
struct Reshape {
  Shape shape;
};
// Axis i of the output is axis order[i] of the input; 0, 1, 2 are C, H, W.
struct Transpose {
  std::array<int, 3> order;
};
}  // namespace layer

using LayerKind = std::variant<layer::Input, layer::Convolution, layer::BatchNorm, layer::Relu, layer::MaxPool,
                               layer::AveragePool, layer::GlobalAveragePool, layer::Dropout, layer::FullyConnected,
                               layer::Add, layer::Pad, layer::Concat, layer::Softmax, layer::Scale, layer::PRelu,
                               layer::Sigmoid, layer::Tanh, layer::Multiply, layer::Subtract, layer::Divide,
                               layer::Upsample, layer::Reshape, layer::Transpose, layer::HardSigmoid, layer::HardSwish,
                               layer::Silu, layer::Gelu, layer::Clip, layer::LayerNorm, layer::Slice, layer::Shuffle>;

struct Layer {
  std::string name;  // unique in the graph
  LayerKind kind;
  std::vector<int> inputs;                           // indices of earlier layers
  Shape shape;                                       // of the output
  double lr_multiplier = 1, bias_lr_multiplier = 1;  // times the learning rate; 0: held still
};

// In an order in which every layer comes after its inputs.
struct Graph {
  std::vector<Layer> layers;
  std::vector<int> inputs, outputs;  // indices of layers
};

// One named array of parameters, as files store it (row-major): convolution weights O × I/groups × H × W, fully
// connected O × I, all else a vector. Names: "LAYER.weight", "LAYER.bias"; batch normalisation has weight (γ), bias
// (β), running_mean, running_var, as PyTorch names them; layer normalisation and scale have weight and bias, PReLU has
// weight.
struct ParameterInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  int layer;     // index in the graph
  bool trained;  // false: running statistics
  bool decayed;  // weight decay applies: weights, not biases or normalisation
  double lr_multiplier;
  std::int64_t size() const;
};

// In the graph's order; the order of the plain parameter buffer.
std::vector<ParameterInfo> parameters_of(const Graph& graph);
std::int64_t parameter_count(const std::vector<ParameterInfo>& parameters);

// How often each layer is read: by the inputs of layers, and once as each output of the graph. What is read once may be
// fused into its reader or changed for it.
std::vector<int> readers_of(const Graph& graph);

// The output shape of a layer from its inputs' shapes. Throws UsageError naming the layer if they do not fit, an option
// is out of its range, or output or weights have more than 2²⁸ numbers.
Shape shape_of(const Layer& layer, const std::vector<Shape>& inputs);

// Fresh parameters in canonical layout: each array drawn from its own stream of `seed`; biases and β 0, γ and scales 1,
// PReLU's slopes ¼, running statistics 0 and 1.
std::vector<float> initial_parameters(const Graph& graph, std::uint64_t seed);

// Graphviz, a node a layer with its shape and parameter count.
std::string to_dot(const Graph& graph);

}  // namespace agewise::nn
