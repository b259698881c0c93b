#include "agewise/nn/cpu/executable.h"

#include <omp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "agewise/base/error.h"
#include "agewise/nn/cpu/kernels/denormals.h"
#include "agewise/nn/cpu/kernels/elementwise.h"
#include "agewise/nn/cpu/steps/fused_stem.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

std::unique_ptr<Step> make_step(Plan& plan, const Operation& operation) {
  struct Maker {
    using Made = std::unique_ptr<Step>;
    Plan& plan;
    const Operation& operation;
    Made operator()(const layer::Convolution&) const {
      return operation.pool >= 0 ? make_fused_stem(plan, operation) : make_convolution(plan, operation);
    }
    Made operator()(const layer::FullyConnected&) const { return make_fully_connected(plan, operation); }
    Made operator()(const layer::BatchNorm&) const { return make_batch_norm(plan, operation); }
    Made operator()(const layer::Relu&) const { return make_relu(plan, operation); }
    Made operator()(const layer::MaxPool&) const { return make_pool(plan, operation); }
    Made operator()(const layer::AveragePool&) const { return make_pool(plan, operation); }
    Made operator()(const layer::GlobalAveragePool&) const { return make_pool(plan, operation); }
    Made operator()(const layer::Dropout&) const { return make_dropout(plan, operation); }
    Made operator()(const layer::Add&) const { return make_add(plan, operation); }
    Made operator()(const layer::Pad&) const { return make_placement(plan, operation); }
    Made operator()(const layer::Concat&) const { return make_placement(plan, operation); }
    Made operator()(const layer::Softmax&) const { return make_softmax(plan, operation); }
    Made operator()(const layer::Scale&) const { return make_scale(plan, operation); }
    Made operator()(const layer::PRelu&) const { return make_prelu(plan, operation); }
    Made operator()(const layer::Sigmoid&) const { return make_activation(plan, operation); }
    Made operator()(const layer::Tanh&) const { return make_activation(plan, operation); }
    Made operator()(const layer::Multiply&) const { return make_combine(plan, operation); }
    Made operator()(const layer::Subtract&) const { return make_combine(plan, operation); }
    Made operator()(const layer::Divide&) const { return make_combine(plan, operation); }
    Made operator()(const layer::Upsample&) const { return make_upsample(plan, operation); }
    Made operator()(const layer::Reshape&) const { return make_reshape(plan, operation); }
    Made operator()(const layer::Transpose&) const { return make_transpose(plan, operation); }
    Made operator()(const layer::HardSigmoid&) const { return make_hard_sigmoid(plan, operation); }
    Made operator()(const layer::HardSwish&) const { return make_activation(plan, operation); }
    Made operator()(const layer::Silu&) const { return make_activation(plan, operation); }
    Made operator()(const layer::Gelu&) const { return make_activation(plan, operation); }
    Made operator()(const layer::Clip&) const { return make_activation(plan, operation); }
    Made operator()(const layer::LayerNorm&) const { return make_layer_norm(plan, operation); }
    Made operator()(const layer::Slice&) const { return make_slice(plan, operation); }
    Made operator()(const layer::Shuffle&) const { return make_shuffle(plan, operation); }
    Made operator()(const layer::Input&) const { throw std::logic_error("an input is no operation"); }
  };
  return std::visit(Maker{plan, operation}, plan.layer(operation.layer).kind);
}

class CpuExecutable : public Executable {
 public:
  CpuExecutable(const Graph& graph, int batch, Mode mode, const Training& training, int threads, bool fused,
                const KernelChooser& chooser)
      : threads_(threads),
        control_words_(static_cast<std::size_t>(threads)),
        plan_(graph, batch, mode, threads, chooser, training.sync_batch_norm ? training.reducer : nullptr),
        operations_(operations_of(graph, mode, fused, /*stem=*/plan_.statistics_reducer() == nullptr)) {
    omp_set_num_threads(threads_);
    pass_.samples.resize(static_cast<std::size_t>(batch));
    drops_ = plan_.train() && std::any_of(graph.layers.begin(), graph.layers.end(), [](const Layer& layer) {
               return std::holds_alternative<layer::Dropout>(layer.kind);
             });
    plan_forward();
    if (plan_.train()) plan_backward();
    plan_.bind();
    const ParameterMap& map = plan_.parameters();
    if (plan_.train()) updater_ = std::make_unique<Updater>(training, map.infos(), map.blocks(), map.size());
  }

  std::span<float> input(int index) override { return floats(inputs_.at(static_cast<std::size_t>(index))); }
  std::span<const float> output(int index) override { return floats(outputs_.at(static_cast<std::size_t>(index))); }

  void set_parameters(std::span<const float> plain) override {
    plan_.parameters().from_plain(plan_.engine(), plain, parameters());
    if (plan_.train()) return;
    for (const std::unique_ptr<Step>& step : steps_) step->set_parameters(plan_.parameters(), plain);
  }

  // Last layer first: the largest weights are there, and their successors, at half precision, in place before the
  // convolutions' grow.
  void take_parameters(std::span<float> plain) override {
    if (plan_.train()) return set_parameters(plain);
    const ParameterMap& map = plan_.parameters();
    for (std::size_t i = steps_.size(); i-- > 0;) {
      for (std::size_t block = 0; block < map.blocks().size(); ++block) {
        if (belongs(map.blocks()[block].parameter, i)) map.block_from_plain(plan_.engine(), block, plain, parameters());
      }
      steps_[i]->set_parameters(map, plain);
      for (int parameter = 0; parameter < static_cast<int>(map.infos().size()); ++parameter) {
        if (belongs(parameter, i)) give_back(map.part(plain, parameter));
      }
    }
  }

  void forward(const DropoutKey& key, bool update_statistics) override {
    omp_set_num_threads(threads_);
    std::optional<FlushDenormals> flush;
    if (plan_.train()) flush.emplace(control_words_);
    pass_.seed = key.seed;
    pass_.epoch = key.epoch;
    pass_.update_statistics = update_statistics;
    if (key.samples.size() == pass_.samples.size()) {
      std::copy(key.samples.begin(), key.samples.end(), pass_.samples.begin());
    } else if (drops_) {
      throw std::invalid_argument("dropout needs one sample a row");
    }
    for (const std::unique_ptr<Step>& step : steps_) step->forward(pass_);
    for (const Call& reorder : output_reorders_) reorder();
  }

  std::span<float> output_gradient(int index) override {
    updater();
    return floats(output_gradients_.at(static_cast<std::size_t>(index)));
  }

  void backward() override {
    updater().begin_backward();
    omp_set_num_threads(threads_);
    FlushDenormals flush(control_words_);
    auto addition = plan_.additions().begin();
    auto add_until = [&](int time) {
      for (; addition != plan_.additions().end() && addition->time <= time; ++addition) run(*addition);
    };
    add_until(time_of_output_gradients());
    for (std::size_t i = steps_.size(); i-- > 0;) {
      if (has_backward_[i]) steps_[i]->backward(pass_);
      updater_->step_done(static_cast<int>(i), gradients());
      add_until(time_of_backward(i));
    }
  }

  void update(double rate) override {
    omp_set_num_threads(threads_);
    FlushDenormals flush(control_words_);
    updater().update(rate, parameters(), gradients());
  }
  void get(Array array, std::span<float> plain) override {
    plan_.parameters().to_plain(plan_.engine(), own(array), plain);
  }
  void set(Array array, std::span<const float> plain) override {
    if (array == Array::gradients) throw std::logic_error("gradients are computed, not set");
    plan_.parameters().from_plain(plan_.engine(), plain, own(array));
  }
  std::int64_t updates() const override { return updater().updates(); }
  void set_updates(std::int64_t count) override { updater().set_updates(count); }

  std::size_t memory_bytes() const override { return plan_.memory_bytes() + (updater_ ? updater_->memory_bytes() : 0); }

  std::vector<std::string> kernels() const override {
    std::vector<std::string> lines;
    for (const std::unique_ptr<Step>& step : steps_)
      lines.insert(lines.end(), step->kernels().begin(), step->kernels().end());
    return lines;
  }

 private:
  Updater& updater() const {
    if (!updater_) throw std::logic_error("compiled for inference");
    return *updater_;
  }

  std::span<float> parameters() const { return {plan_.parameter_data(), plan_.parameters().size()}; }
  std::span<float> gradients() const { return {plan_.gradient_data(), plan_.parameters().size()}; }  // train

  std::span<float> own(Array array) const {
    Updater& state = updater();
    if (array == Array::parameters) return parameters();
    if (array != Array::gradients) return state.array(array);
    state.finish_sums();
    return gradients();
  }

  bool belongs(int parameter, std::size_t step) const {
    int layer = plan_.parameters().infos()[static_cast<std::size_t>(parameter)].layer;
    return layer == operations_[step].layer || layer == operations_[step].normalisation;
  }

  // The kernel takes the pages that lie wholly within; they read as zeros from here on.
  static void give_back(std::span<const float> values) {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::span<const std::byte> bytes = std::as_bytes(values);
    std::size_t before = (page - reinterpret_cast<std::uintptr_t>(bytes.data()) % page) % page;
    if (bytes.size() < before + page) return;
    ::madvise(const_cast<std::byte*>(bytes.data()) + before, (bytes.size() - before) / page * page, MADV_DONTNEED);
  }

  int time_of_output_gradients() const { return static_cast<int>(operations_.size()); }
  int time_of_backward(std::size_t step) const {
    return 2 * static_cast<int>(operations_.size()) - static_cast<int>(step);
  }

  void plan_forward() {
    for (int input : plan_.graph().inputs) {
      inputs_.push_back(plan_.pinned(plan_.canonical_layout(plan_.layer(input).shape)));
      plan_.define(input, inputs_.back());
    }
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      plan_.set_now(static_cast<int>(i));
      steps_.push_back(make_step(plan_, operations_[i]));
    }
    plan_.set_now(time_of_output_gradients() - 1);
    for (int output : plan_.graph().outputs) {
      Tensor value = plan_.value(output);
      Tensor plain = plan_.pinned(plan_.canonical_layout(plan_.layer(output).shape));
      output_reorders_.push_back(plan_.reorder(value, plain));
      outputs_.push_back(plain);
    }
  }

  void plan_backward() {
    plan_.set_now(time_of_output_gradients());
    for (int output : plan_.graph().outputs) output_gradients_.push_back(plan_.output_gradient(output));
    has_backward_.resize(steps_.size());
    for (std::size_t i = steps_.size(); i-- > 0;) {
      int output = operations_[i].output;
      has_backward_[i] = plan_.wants_gradient(output) && plan_.has_gradient(output);
      plan_.set_now(time_of_backward(i));
      if (has_backward_[i]) steps_[i]->plan_backward(plan_);
    }
  }

  static void run(const Plan::Addition& addition) {
    if (addition.reorder) addition.reorder();
    if (!addition.from) return;
    auto* sum = addition.first ? copy : add_to;
    sum(addition.from.data(), addition.to.data(), addition.to.floats());
  }

  static std::span<float> floats(const Tensor& tensor) { return {tensor.data(), tensor.floats()}; }

  int threads_;
  std::vector<unsigned> control_words_;  // of the threads, while it trains (denormals.h)
  Plan plan_;
  std::vector<Operation> operations_;
  std::vector<std::unique_ptr<Step>> steps_;  // one an operation
  std::vector<bool> has_backward_;
  std::vector<Tensor> inputs_, outputs_, output_gradients_;
  std::vector<Call> output_reorders_;
  Pass pass_;
  bool drops_;                        // something depends on the samples
  std::unique_ptr<Updater> updater_;  // train; waits for sums into the plan's memory before that goes
};

}  // namespace

std::unique_ptr<Executable> make_executable(const Graph& graph, int batch, Mode mode, const Training& training,
                                            int threads, bool fused, const KernelChooser& chooser) {
  if (batch < 1) throw base::UsageError("a batch must be 1 or more");
  try {
    return std::make_unique<CpuExecutable>(graph, batch, mode, training, threads, fused, chooser);
  } catch (const dnnl::error& error) {
    throw base::Error(std::string("oneDNN cannot compile this network: ") + error.what());
  }
}

}  // namespace agewise::nn::cpu
