#include "agewise/nn/cpu/plan/operation.h"

#include <algorithm>

#include "agewise/nn/cpu/steps/activation.h"
#include "agewise/nn/cpu/steps/fused_stem.h"

namespace agewise::nn::cpu {
namespace {

template <class Kind>
bool is(const Graph& graph, int layer) {
  return layer >= 0 && std::holds_alternative<Kind>(graph.layers[static_cast<std::size_t>(layer)].kind);
}

class Finder {
 public:
  Finder(const Graph& graph, Mode mode, bool fused, bool stem)
      : graph_(graph),
        infer_(mode == Mode::infer),
        fused_(fused),
        stem_(stem),
        readers_(readers_of(graph)),
        taken_(readers_.size()) {}

  std::vector<Operation> find() {
    std::vector<Operation> operations;
    for (int i = 0; i < static_cast<int>(graph_.layers.size()); ++i) {
      if (taken_[static_cast<std::size_t>(i)] || is<layer::Input>(graph_, i)) continue;
      operations.push_back(from(i));
    }
    // A residual add may wait for its other input: by output, every operation comes after those it reads.
    std::sort(operations.begin(), operations.end(),
              [](const Operation& a, const Operation& b) { return a.output < b.output; });
    return operations;
  }

 private:
  // The only reader of `layer`; -1 if there are several or it is an output.
  int next(int layer) const {
    if (readers_[static_cast<std::size_t>(layer)] != 1) return -1;
    for (int i = layer + 1; i < static_cast<int>(graph_.layers.size()); ++i) {
      const std::vector<int>& inputs = graph_.layers[static_cast<std::size_t>(i)].inputs;
      if (std::find(inputs.begin(), inputs.end(), layer) != inputs.end()) return i;
    }
    return -1;  // an output
  }

  template <class Kind>
  bool take(Operation& operation, int& part) {
    int candidate = next(operation.output);
    if (!is<Kind>(graph_, candidate) || taken_[static_cast<std::size_t>(candidate)]) return false;
    taken_[static_cast<std::size_t>(candidate)] = true;
    part = operation.output = candidate;
    return true;
  }

  void take_activation(Operation& operation) {
    int candidate = next(operation.output);
    if (candidate < 0 || taken_[static_cast<std::size_t>(candidate)]) return;
    if (!is_computed_along(graph_.layers[static_cast<std::size_t>(candidate)].kind)) return;
    taken_[static_cast<std::size_t>(candidate)] = true;
    operation.activation = operation.output = candidate;
  }

  // oneDNN 2.6.3's AVX-512 kernel leaves out the sum in rows of the output whose window lies wholly in the pad.
  bool reaches_wholly_into_pad(int layer) const {
    const auto& c = std::get<layer::Convolution>(graph_.layers[static_cast<std::size_t>(layer)].kind);
    return std::max(c.pad.top, c.pad.bottom) >= c.kernel_height || std::max(c.pad.left, c.pad.right) >= c.kernel_width;
  }

  void take_add(Operation& operation) {
    if (reaches_wholly_into_pad(operation.layer)) return;
    int before = operation.output, candidate = next(before);
    if (!is<layer::Add>(graph_, candidate) || taken_[static_cast<std::size_t>(candidate)]) return;
    const std::vector<int>& inputs = graph_.layers[static_cast<std::size_t>(candidate)].inputs;
    if (inputs.size() != 2 || inputs[0] == inputs[1]) return;
    take<layer::Add>(operation, operation.add);
    operation.other = inputs[0] == before ? inputs[1] : inputs[0];
  }

  bool take_fused_stem(Operation& operation) {
    int norm = next(operation.layer), relu = is<layer::BatchNorm>(graph_, norm) ? next(norm) : -1;
    int pool = is<layer::Relu>(graph_, relu) ? next(relu) : -1;
    if (!is<layer::Convolution>(graph_, operation.layer) || !is<layer::MaxPool>(graph_, pool) ||
        !is_fused_stem(graph_, operation.layer, pool)) {
      return false;
    }
    take<layer::BatchNorm>(operation, operation.normalisation);
    take<layer::Relu>(operation, operation.relu);
    take<layer::MaxPool>(operation, operation.pool);
    if (!infer_) take<layer::Dropout>(operation, operation.dropout);
    return true;
  }

  Operation from(int layer) {
    Operation operation{layer};
    operation.output = layer;
    if (!fused_) return operation;
    if (stem_ && take_fused_stem(operation)) return operation;
    if (is<layer::Convolution>(graph_, layer) && infer_) {
      take<layer::BatchNorm>(operation, operation.normalisation);
      take_add(operation);
    }
    if (is<layer::Convolution>(graph_, layer) || is<layer::FullyConnected>(graph_, layer) ||
        is<layer::BatchNorm>(graph_, layer)) {
      take<layer::Relu>(operation, operation.relu);
    }
    if (is<layer::Convolution>(graph_, layer) && infer_ && operation.relu < 0) take_activation(operation);
    return operation;
  }

  const Graph& graph_;
  bool infer_, fused_, stem_;
  std::vector<int> readers_;
  std::vector<bool> taken_;
};

}  // namespace

std::vector<Operation> operations_of(const Graph& graph, Mode mode, bool fused, bool stem) {
  return Finder(graph, mode, fused, stem).find();
}

}  // namespace agewise::nn::cpu
