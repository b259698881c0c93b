// A graph on its way to an executable: what each step reads and writes, in which layout, at which time, where.
#pragma once
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <utility>
#include <vector>

#include "agewise/nn/cpu/plan/kernel_choice.h"
#include "agewise/nn/cpu/plan/memory_plan.h"
#include "agewise/nn/cpu/plan/operation.h"
#include "agewise/nn/cpu/plan/parameters.h"
#include "agewise/nn/engine.h"

namespace agewise::nn::cpu {

// A place for numbers. Its memory has an address only once the plan is bound.
struct Tensor {
  dnnl::memory memory;
  int buffer = -1;  // of the arena; -1: in a flat buffer of parameters or gradients

  dnnl::memory::desc layout() const { return memory.get_desc(); }
  float* data() const { return static_cast<float*>(memory.get_data_handle()); }
  std::size_t floats() const { return layout().get_size() / sizeof(float); }  // with padding
  explicit operator bool() const { return static_cast<bool>(memory); }
};

// A oneDNN primitive with its arguments, or a kernel of our own: made once, run every step.
class Call {
 public:
  Call() = default;
  explicit Call(std::function<void()> own) : own_(std::move(own)) {}
  Call(dnnl::primitive primitive, const std::vector<std::pair<int, Tensor>>& arguments, const dnnl::stream& stream);

  void operator()() const;
  explicit operator bool() const { return own_ || primitive_; }

 private:
  std::function<void()> own_;
  dnnl::primitive primitive_;
  std::vector<dnnl::memory> memories_;  // keeps alive what arguments_ names
  std::vector<dnnl_exec_arg_t> arguments_;
  dnnl_stream_t stream_ = nullptr;
};

// Steps are planned forward in order, then backward in reverse; now() is the time that is being planned, and whatever
// is asked for is alive then. A layer's value has one layout, its gradient the same: a step that needs another
// reorders.
class Plan {
 public:
  // `statistics_reducer` adds up the statistics of the batch over processes; null: the batch is normalised by its own.
  Plan(const Graph& graph, int batch, Mode mode, int threads, KernelChooser chooser,
       GradientReducer* statistics_reducer = nullptr);

  const Graph& graph() const { return graph_; }
  const Layer& layer(int index) const { return graph_.layers[static_cast<std::size_t>(index)]; }
  int batch() const { return batch_; }
  int threads() const { return threads_; }
  bool train() const { return mode_ == Mode::train; }
  const KernelChooser& chooser() const { return chooser_; }
  GradientReducer* statistics_reducer() const { return statistics_reducer_; }
  const dnnl::engine& engine() const { return engine_; }
  const dnnl::stream& stream() const { return stream_; }
  void set_now(int time) { now_ = time; }
  int now() const { return now_; }

  // Of the whole batch: four axes, a vector has height = width = 1.
  dnnl::memory::dims dims(const Shape& shape) const;
  dnnl::memory::desc canonical_layout(const Shape& shape) const;
  dnnl::memory::desc any_layout(const Shape& shape) const;

  Tensor allocate(const dnnl::memory::desc& layout);                    // alive now
  Tensor view(const Tensor& tensor, const dnnl::memory::desc& layout);  // the same bytes seen otherwise
  Tensor keep(const Tensor& tensor);                                    // alive now, too
  Tensor pinned(const dnnl::memory::desc& layout);                      // alive always
  void pin(const Tensor& tensor) { memory_.pin(tensor.buffer); }
  // Freed after the call, shared by all.
  Tensor scratchpad(const dnnl::memory::desc& layout);

  // Values of layers. A value may be overwritten by its only reader if no one needs it as it was.
  Tensor value(int layer);
  dnnl::memory::desc layout(int layer) const { return values_[static_cast<std::size_t>(layer)].layout(); }
  void define(int layer, const Tensor& value);
  void define_same(int layer, int input);  // the value of `layer` is that of `input`
  // The layer itself, or the one before it whose value it passes on: dropout while estimating.
  int source_of(int layer) const;
  bool may_overwrite(int layer) const;
  void forbid_overwriting(int layer) { overwritable_[static_cast<std::size_t>(layer)] = false; }
  bool is_last_reader(int layer, const Operation& operation) const;  // infer: nobody reads it after the operation

  // Gradients, while planning backward. wants_gradient: some parameter at or before the layer learns.
  bool wants_gradient(int layer) const { return wants_gradient_[static_cast<std::size_t>(layer)]; }
  bool has_gradient(int layer) const { return static_cast<bool>(gradients_[static_cast<std::size_t>(layer)]); }
  Tensor gradient(int layer);  // of the layer's value, complete
  // The same if it may be overwritten, else a new tensor to put the changed gradient into.
  Tensor changed_gradient(int layer);
  // Where a reader of `layer` puts its share of the gradient: the gradient itself, or a tensor that is then added to
  // it.
  Tensor gradient_share(int layer);
  // For a reader whose share is a gradient that exists and is used no more: `from` becomes the layer's own where
  // `may_take` says so and it can (then true), else it is copied or added.
  bool pass_gradient(const Tensor& from, int layer, bool may_take = true);
  // Of an output: a pinned tensor in canonical layout that the caller of the executable fills.
  Tensor output_gradient(int layer);
  // What is to be done after the backward pass of the step of that time.
  struct Addition {
    int time;
    Call reorder;     // from another layout; may be empty
    Tensor from, to;  // then added, or if `first` copied; `from` empty: the reorder has done it
    bool first;
  };
  const std::vector<Addition>& additions() const { return additions_; }

  // Parameters. `learns`: trained, and its rate is not 0.
  int first_parameter(int layer) const { return parameters_.first_of(layer); }
  bool learns(int layer, bool bias = false) const;
  Tensor parameter(int index, const ParameterLayout& layout);  // gives it its place, once
  Tensor gradient_of_parameter(int index, const dnnl::memory::desc& layout);
  ParameterLayout vector_layout(int size) const;

  template <class Description>
  Call call(const Description& description, const dnnl::primitive& primitive,
            std::vector<std::pair<int, Tensor>> arguments) {
    if (description.scratchpad_desc().get_size() > 0)
      arguments.emplace_back(DNNL_ARG_SCRATCHPAD, scratchpad(description.scratchpad_desc()));
    return Call(primitive, arguments, stream_);
  }
  Call reorder(const Tensor& from, const Tensor& to);
  dnnl::primitive_attr attributes() const;

  void bind();  // after all steps are planned: everything gets its address
  const ParameterMap& parameters() const { return parameters_; }
  float* parameter_data() const { return parameter_data_; }
  float* gradient_data() const { return gradient_data_; }
  std::size_t memory_bytes() const { return region_->size(); }

 private:
  enum class Where { arena, parameters, gradients };
  struct Binding {
    dnnl::memory memory;
    Where where;
    std::size_t place;  // a buffer's number, or an offset in floats
  };
  Tensor tensor(const dnnl::memory::desc& layout, int buffer);
  Tensor flat(const dnnl::memory::desc& layout, Where where, std::size_t offset);
  void find_wanted_gradients();
  void add_share(const Tensor& from, const Tensor& to, bool first);

  Graph graph_;
  int batch_;
  Mode mode_;
  int threads_;
  KernelChooser chooser_;
  GradientReducer* statistics_reducer_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  int now_ = 0;
  std::vector<int> readers_;
  std::vector<bool> overwritable_, wants_gradient_;
  std::vector<Tensor> values_, gradients_;
  std::vector<Addition> additions_;
  ParameterMap parameters_;
  std::vector<std::ptrdiff_t> parameter_offsets_;  // -1: no place yet
  MemoryPlan memory_;
  int scratch_ = -1;
  std::vector<Binding> bindings_;
  std::unique_ptr<Region> region_;
  float *parameter_data_ = nullptr, *gradient_data_ = nullptr;
};

}  // namespace agewise::nn::cpu
