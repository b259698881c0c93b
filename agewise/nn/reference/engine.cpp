// The reference engine: runs a graph layer by layer with the plain loops of layers.h. Slow and obvious; every other
// engine is tested against it.
#include <algorithm>
#include <functional>
#include <stdexcept>

#include "agewise/base/overloaded.h"
#include "agewise/nn/engine.h"
#include "agewise/nn/optimiser.h"
#include "agewise/nn/reference/activations.h"
#include "agewise/nn/reference/elementwise.h"
#include "agewise/nn/reference/layers.h"

namespace agewise::nn {
namespace {

using reference::Tensor;

class ReferenceExecutable : public Executable {
 public:
  ReferenceExecutable(const Graph& graph, int batch, Mode mode, const Training& training)
      : graph_(graph),
        batch_(batch),
        mode_(mode),
        infos_(parameters_of(graph)),
        first_parameter_(graph.layers.size(), -1) {
    std::size_t offset = 0;
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      auto size = static_cast<std::size_t>(infos_[i].size());
      blocks_.push_back({offset, size, static_cast<int>(i), infos_[i].layer});
      offset += size;
      int& first = first_parameter_[infos_[i].layer];
      if (first < 0) first = static_cast<int>(i);
    }
    parameters_.resize(offset);
    if (mode == Mode::train) updater_ = std::make_unique<Updater>(training, infos_, blocks_, offset);
    gradients_.resize(mode == Mode::train ? offset : 0);
    statistics_.resize(graph.layers.size());
    if (training.reducer != nullptr && training.sync_batch_norm)
      statistics_sum_ = [reducer = training.reducer](std::span<double> values) { reducer->sum(values); };
    for (const Layer& layer : graph.layers) {
      auto size = static_cast<std::size_t>(batch) * static_cast<std::size_t>(layer.shape.size());
      values_.push_back({batch, layer.shape, std::vector<float>(size)});
      value_gradients_.push_back({batch, layer.shape, std::vector<float>(mode == Mode::train ? size : 0)});
    }
  }

  std::span<float> input(int index) override { return values_[graph_.inputs[index]].values; }
  std::span<const float> output(int index) override { return values_[graph_.outputs[index]].values; }
  void set_parameters(std::span<const float> plain) override { copy(plain, parameters_); }

  void forward(const DropoutKey& key, bool update_statistics) override {
    key_ = key;
    samples_.assign(key.samples.begin(), key.samples.end());
    key_.samples = samples_;
    for (std::size_t i = 0; i < graph_.layers.size(); ++i) forward(static_cast<int>(i), update_statistics);
  }

  std::span<float> output_gradient(int index) override {
    updater();
    return value_gradients_[graph_.outputs[index]].values;
  }

  void backward() override {
    updater().begin_backward();
    std::fill(gradients_.begin(), gradients_.end(), 0.0F);
    for (std::size_t i = 0; i < graph_.layers.size(); ++i) {
      bool is_output =
          std::find(graph_.outputs.begin(), graph_.outputs.end(), static_cast<int>(i)) != graph_.outputs.end();
      if (!is_output) std::fill(value_gradients_[i].values.begin(), value_gradients_[i].values.end(), 0.0F);
    }
    for (int i = static_cast<int>(graph_.layers.size()) - 1; i >= 0; --i) {
      backward(i);
      updater_->step_done(i, gradients_);
    }
  }

  void update(double rate) override { updater().update(rate, parameters_, gradients_); }
  void get(Array array, std::span<float> plain) override { copy(own(array), plain); }
  void set(Array array, std::span<const float> plain) override {
    if (array == Array::gradients) throw std::logic_error("gradients are computed, not set");
    copy(plain, own(array));
  }
  std::int64_t updates() const override { return updater().updates(); }
  void set_updates(std::int64_t count) override { updater().set_updates(count); }

  std::size_t memory_bytes() const override {
    std::size_t floats = parameters_.size() + gradients_.size();
    for (std::size_t i = 0; i < values_.size(); ++i)
      floats += values_[i].values.size() + value_gradients_[i].values.size();
    return floats * sizeof(float) + (updater_ ? updater_->memory_bytes() : 0);
  }

  std::vector<std::string> kernels() const override {
    std::vector<std::string> lines;
    for (const Layer& layer : graph_.layers) lines.push_back(layer.name + ": plain loops");
    return lines;
  }

 private:
  Updater& updater() const {
    if (!updater_) throw std::logic_error("compiled for inference");
    return *updater_;
  }

  // Its layout is the plain one.
  std::span<float> own(Array array) {
    Updater& state = updater();
    if (array == Array::parameters) return parameters_;
    if (array != Array::gradients) return state.array(array);
    state.finish_sums();
    return gradients_;
  }

  static void copy(std::span<const float> from, std::span<float> to) {
    if (from.size() != to.size()) throw std::invalid_argument("an array of another length");
    std::copy(from.begin(), from.end(), to.begin());
  }

  // The layer's parameter number `part`, or nothing if it has not so many.
  std::span<float> part(std::vector<float>& all, int layer, int part) {
    int first = first_parameter_[layer], index = first + part;
    if (first < 0 || index >= static_cast<int>(infos_.size()) || infos_[index].layer != layer) return {};
    return std::span(all).subspan(blocks_[index].offset, blocks_[index].size);
  }
  std::span<float> weight(int layer) { return part(parameters_, layer, 0); }
  std::span<float> bias(int layer) { return part(parameters_, layer, 1); }

  void forward(int i, bool update_statistics) {
    const Layer& layer = graph_.layers[i];
    if (layer.inputs.empty()) return;
    const Tensor& in = values_[layer.inputs[0]];
    Tensor& out = values_[i];
    std::visit(
        base::Overloaded{
            [&](const layer::Input&) {},
            [&](const layer::Convolution& c) { reference::convolution_forward(c, in, weight(i), bias(i), out); },
            [&](const layer::FullyConnected&) { reference::fully_connected_forward(in, weight(i), bias(i), out); },
            [&](const layer::BatchNorm& norm) { batch_norm_forward(norm, i, update_statistics); },
            [&](const layer::Relu&) { reference::relu_forward(in, out); },
            [&](const layer::MaxPool& pool) { reference::max_pool_forward(pool, in, out); },
            [&](const layer::AveragePool& pool) { reference::average_pool_forward(pool, in, out); },
            [&](const layer::GlobalAveragePool&) { reference::global_average_forward(in, out); },
            [&](const layer::Softmax&) { reference::softmax_forward(in, out); },
            [&](const layer::Dropout& dropout) { dropout_forward(dropout, i); },
            [&](const layer::Add&) {
              out.values = in.values;
              for (std::size_t k = 1; k < layer.inputs.size(); ++k) {
                const Tensor& other = values_[layer.inputs[k]];
                std::transform(out.values.begin(), out.values.end(), other.values.begin(), out.values.begin(),
                               std::plus<>());
              }
            },
            [&](const layer::Pad& pad) {
              std::fill(out.values.begin(), out.values.end(), 0.0F);
              for_each_copied(
                  in, {0, pad.top, pad.left},
                  [&](std::size_t from, std::size_t to) { out.values[to] = in.values[from]; }, out);
            },
            [&](const layer::Concat&) {
              Corner corner{};
              for (int input : layer.inputs) {
                const Tensor& piece = values_[input];
                for_each_copied(
                    piece, corner, [&](std::size_t from, std::size_t to) { out.values[to] = piece.values[from]; }, out);
                corner.channel += piece.shape.channels;
              }
            },
            [&](const layer::Scale&) { reference::scale_forward(in, weight(i), bias(i), out); },
            [&](const layer::PRelu&) { reference::prelu_forward(in, weight(i), out); },
            [&](const layer::Sigmoid&) { reference::sigmoid_forward(in, out); },
            [&](const layer::Tanh&) { reference::tanh_forward(in, out); },
            [&](const layer::Multiply&) { reference::multiply_forward(in, values_[layer.inputs[1]], out); },
            [&](const layer::Subtract&) { reference::subtract_forward(in, values_[layer.inputs[1]], out); },
            [&](const layer::Divide&) { reference::divide_forward(in, values_[layer.inputs[1]], out); },
            [&](const layer::Upsample& up) { reference::upsample_forward(up, in, out); },
            [&](const layer::Reshape&) { out.values = in.values; },
            [&](const layer::Transpose& transpose) { reference::transpose_forward(transpose, in, out); },
            [&](const layer::LayerNorm& norm) {
              reference::layer_norm_forward(norm.epsilon, in, weight(i), bias(i), out);
            },
            [&](const layer::Slice& slice) { reference::slice_forward(slice, in, out); },
            [&](const layer::Shuffle& shuffle) { reference::shuffle_forward(shuffle, in, out); },
            [&](const auto& activation) { reference::activation_forward(activation, in, out); },
        },
        layer.kind);
  }

  void dropout_forward(const layer::Dropout& dropout, int i) {
    const Tensor& in = values_[graph_.layers[i].inputs[0]];
    if (mode_ == Mode::infer) {
      values_[i].values = in.values;
      return;
    }
    if (samples_.size() != static_cast<std::size_t>(batch_))
      throw std::invalid_argument("dropout needs one sample a row");
    reference::dropout(dropout.rate, i, key_, in, values_[i]);
  }

  struct Corner {
    int channel = 0, top = 0, left = 0;
  };

  // Calls body(index in `piece`, index in `whole`) for each element of a piece that lies in the whole from `corner` on.
  template <class Body>
  static void for_each_copied(const Tensor& piece, const Corner& corner, Body body, const Tensor& whole) {
    for (int n = 0; n < piece.batch; ++n) {
      for (int c = 0; c < piece.shape.channels; ++c) {
        for (int y = 0; y < piece.shape.height; ++y) {
          for (int x = 0; x < piece.shape.width; ++x)
            body(piece.at(n, c, y, x), whole.at(n, corner.channel + c, corner.top + y, corner.left + x));
        }
      }
    }
  }

  void batch_norm_forward(const layer::BatchNorm& norm, int i, bool update_statistics) {
    const Tensor& in = values_[graph_.layers[i].inputs[0]];
    std::span<float> mean = part(parameters_, i, 2), variance = part(parameters_, i, 3);
    reference::Statistics& statistics = statistics_[i];
    if (mode_ == Mode::infer) {
      statistics = {{mean.begin(), mean.end()}, {variance.begin(), variance.end()}, 0};
    } else {
      statistics = reference::batch_statistics(in, statistics_sum_);
      double n = statistics.numbers;
      for (std::size_t c = 0; update_statistics && c < mean.size(); ++c) {
        double unbiased = n > 1 ? statistics.variance[c] * n / (n - 1) : statistics.variance[c];
        mean[c] = static_cast<float>(norm.momentum * mean[c] + (1 - norm.momentum) * statistics.mean[c]);
        variance[c] = static_cast<float>(norm.momentum * variance[c] + (1 - norm.momentum) * unbiased);
      }
    }
    reference::batch_norm_forward(norm.epsilon, statistics, in, weight(i), bias(i), values_[i]);
  }

  // Each layer's gradient goes into a fresh tensor and is added to what the input has from its other readers.
  void backward(int i) {
    const Layer& layer = graph_.layers[i];
    if (layer.inputs.empty()) return;
    const Tensor& gradient = value_gradients_[i];
    if (std::holds_alternative<layer::Add>(layer.kind)) {
      for (int input : layer.inputs) add(gradient, value_gradients_[input]);
      return;
    }
    const auto* pad = std::get_if<layer::Pad>(&layer.kind);
    if (std::holds_alternative<layer::Concat>(layer.kind) || pad != nullptr) {
      Corner corner{0, pad != nullptr ? pad->top : 0, pad != nullptr ? pad->left : 0};
      for (int input : layer.inputs) {
        Tensor& to = value_gradients_[input];
        for_each_copied(
            to, corner, [&](std::size_t into, std::size_t from) { to.values[into] += gradient.values[from]; },
            gradient);
        corner.channel += to.shape.channels;
      }
      return;
    }
    if (layer.inputs.size() == 2) return backward_of_two_inputs(i, gradient);
    Tensor to_input = value_gradients_[layer.inputs[0]];
    backward_of_one_input(i, gradient, to_input);
    add(to_input, value_gradients_[layer.inputs[0]]);
  }

  void backward_of_two_inputs(int i, const Tensor& gradient) {
    const Layer& layer = graph_.layers[i];
    const Tensor &a = values_[layer.inputs[0]], &b = values_[layer.inputs[1]];
    Tensor to_a = a, to_b = b;
    if (std::holds_alternative<layer::Multiply>(layer.kind)) reference::multiply_backward(a, b, gradient, to_a, to_b);
    if (std::holds_alternative<layer::Subtract>(layer.kind)) reference::subtract_backward(gradient, to_a, to_b);
    if (std::holds_alternative<layer::Divide>(layer.kind)) reference::divide_backward(a, b, gradient, to_a, to_b);
    add(to_a, value_gradients_[layer.inputs[0]]);
    add(to_b, value_gradients_[layer.inputs[1]]);
  }

  void backward_of_one_input(int i, const Tensor& gradient, Tensor& to_input) {
    const Layer& layer = graph_.layers[i];
    const Tensor& in = values_[layer.inputs[0]];
    std::span<float> to_weight = part(gradients_, i, 0), to_bias = part(gradients_, i, 1);
    std::visit(
        base::Overloaded{
            [&](const layer::Convolution& c) {
              reference::convolution_backward(c, in, weight(i), gradient, to_input, to_weight, to_bias);
            },
            [&](const layer::FullyConnected&) {
              reference::fully_connected_backward(in, weight(i), gradient, to_input, to_weight, to_bias);
            },
            [&](const layer::BatchNorm& norm) {
              reference::batch_norm_backward(norm.epsilon, statistics_[i], in, weight(i), gradient, to_input, to_weight,
                                             to_bias, statistics_sum_);
            },
            [&](const layer::Relu&) { reference::relu_backward(in, gradient, to_input); },
            [&](const layer::MaxPool& pool) { reference::max_pool_backward(pool, in, gradient, to_input); },
            [&](const layer::AveragePool& pool) { reference::average_pool_backward(pool, gradient, to_input); },
            [&](const layer::GlobalAveragePool&) { reference::global_average_backward(gradient, to_input); },
            [&](const layer::Softmax&) { reference::softmax_backward(values_[i], gradient, to_input); },
            [&](const layer::Dropout& dropout) { reference::dropout(dropout.rate, i, key_, gradient, to_input); },
            [&](const layer::Scale&) {
              reference::scale_backward(in, weight(i), gradient, to_input, to_weight, to_bias);
            },
            [&](const layer::PRelu&) { reference::prelu_backward(in, weight(i), gradient, to_input, to_weight); },
            [&](const layer::Sigmoid&) { reference::sigmoid_backward(values_[i], gradient, to_input); },
            [&](const layer::Tanh&) { reference::tanh_backward(values_[i], gradient, to_input); },
            [&](const layer::Upsample& up) { reference::upsample_backward(up, gradient, to_input); },
            [&](const layer::Reshape&) { to_input.values = gradient.values; },
            [&](const layer::Transpose& transpose) { reference::transpose_backward(transpose, gradient, to_input); },
            [&](const layer::LayerNorm& norm) {
              reference::layer_norm_backward(norm.epsilon, in, weight(i), gradient, to_input, to_weight, to_bias);
            },
            [&](const layer::Slice& slice) { reference::slice_backward(slice, gradient, to_input); },
            [&](const layer::Shuffle& shuffle) { reference::shuffle_backward(shuffle, gradient, to_input); },
            [&](const layer::HardSigmoid& s) { reference::activation_backward(s, in, gradient, to_input); },
            [&](const layer::HardSwish& s) { reference::activation_backward(s, in, gradient, to_input); },
            [&](const layer::Silu& s) { reference::activation_backward(s, in, gradient, to_input); },
            [&](const layer::Gelu& g) { reference::activation_backward(g, in, gradient, to_input); },
            [&](const layer::Clip& c) { reference::activation_backward(c, in, gradient, to_input); },
            [&](const auto&) {},
        },
        layer.kind);
  }

  static void add(const Tensor& from, Tensor& to) {
    std::transform(to.values.begin(), to.values.end(), from.values.begin(), to.values.begin(), std::plus<>());
  }

  Graph graph_;
  int batch_;
  Mode mode_;
  std::vector<ParameterInfo> infos_;
  std::vector<int> first_parameter_;  // a layer; -1: none
  std::vector<ParameterBlock> blocks_;
  std::vector<float> parameters_, gradients_;
  std::unique_ptr<Updater> updater_;  // train
  std::vector<Tensor> values_, value_gradients_;
  std::vector<reference::Statistics> statistics_;
  reference::Sum statistics_sum_;  // sync_batch_norm
  DropoutKey key_;
  std::vector<std::uint32_t> samples_;
};

class ReferenceEngine : public Engine {
 public:
  std::unique_ptr<Executable> compile(const Graph& graph, int batch, Mode mode, const Training& training) override {
    return std::make_unique<ReferenceExecutable>(graph, batch, mode, training);
  }
  std::string name() const override { return "reference"; }
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine() { return std::make_unique<ReferenceEngine>(); }

}  // namespace agewise::nn
