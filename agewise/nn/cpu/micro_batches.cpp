#include "agewise/nn/cpu/micro_batches.h"

#include <algorithm>
#include <stdexcept>

#include "agewise/nn/cut.h"

namespace agewise::nn::cpu {
namespace {

constexpr std::int64_t kLargeActivation = 1 << 20;  // numbers: 4 MB, more than a core's second-level cache

bool reads_nothing_before(const Graph& graph, int layer) {
  for (auto i = static_cast<std::size_t>(layer) + 1; i < graph.layers.size(); ++i) {
    for (int input : graph.layers[i].inputs)
      if (input < layer) return false;
  }
  return std::ranges::all_of(graph.outputs, [&](int output) { return output > layer; });
}

class MicroBatched : public Executable {
 public:
  MicroBatched(const Graph& before, const Graph& rest, int batch, const Compile& compile)
      : first_parameters_(static_cast<std::size_t>(parameter_count(parameters_of(before)))),
        one_(compile(before, 1)),
        all_(compile(rest, batch)),
        input_(one_->input().size() * static_cast<std::size_t>(batch)) {}

  std::span<float> input(int index) override {
    if (index != 0) throw std::out_of_range("one input");
    return input_;
  }
  std::span<const float> output(int index) override { return all_->output(index); }

  void set_parameters(std::span<const float> plain) override {
    one_->set_parameters(plain.first(first_parameters_));
    all_->set_parameters(plain.subspan(first_parameters_));
  }
  // The largest first, as in the executables themselves.
  void take_parameters(std::span<float> plain) override {
    all_->take_parameters(plain.subspan(first_parameters_));
    one_->take_parameters(plain.first(first_parameters_));
  }

  void forward(const DropoutKey& key, bool update_statistics) override {
    std::span<float> from = one_->input(), to = all_->input();
    std::span<const float> made = one_->output();
    for (std::size_t i = 0; i * from.size() < input_.size(); ++i) {
      std::copy_n(input_.data() + i * from.size(), from.size(), from.data());
      one_->forward(key, update_statistics);
      std::copy_n(made.data(), made.size(), to.data() + i * made.size());
    }
    all_->forward(key, update_statistics);
  }

  std::size_t memory_bytes() const override {
    return one_->memory_bytes() + all_->memory_bytes() + input_.size() * sizeof(float);
  }
  std::vector<std::string> kernels() const override {
    std::vector<std::string> lines = one_->kernels(), more = all_->kernels();
    lines.insert(lines.end(), more.begin(), more.end());
    return lines;
  }

  std::span<float> output_gradient(int) override { not_trained(); }
  void backward() override { not_trained(); }
  void update(double) override { not_trained(); }
  void get(Array, std::span<float>) override { not_trained(); }
  void set(Array, std::span<const float>) override { not_trained(); }
  std::int64_t updates() const override { not_trained(); }
  void set_updates(std::int64_t) override { not_trained(); }

 private:
  [[noreturn]] static void not_trained() { throw std::logic_error("compiled for inference"); }

  std::size_t first_parameters_;  // of the layers that take one picture at a time
  std::unique_ptr<Executable> one_, all_;
  std::vector<float> input_;
};

}  // namespace

std::optional<int> end_of_micro_batches(const Graph& graph, int batch) {
  auto first = std::ranges::find_if(
      graph.layers, [](const Layer& layer) { return std::holds_alternative<layer::FullyConnected>(layer.kind); });
  if (batch == 1 || graph.inputs.size() != 1 || first == graph.layers.end()) return {};
  bool large = std::any_of(graph.layers.begin(), first,
                           [](const Layer& layer) { return layer.shape.size() >= kLargeActivation; });
  int end = first->inputs.front();
  if (!large || end == 0 || !reads_nothing_before(graph, end)) return {};
  return end;
}

std::unique_ptr<Executable> make_micro_batched(const Graph& graph, int batch, int end_of_micro_batches,
                                               const Compile& compile) {
  return std::make_unique<MicroBatched>(up_to(graph, end_of_micro_batches), after(graph, end_of_micro_batches), batch,
                                        compile);
}

}  // namespace agewise::nn::cpu
