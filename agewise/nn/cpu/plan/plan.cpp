#include "agewise/nn/cpu/plan/plan.h"

#include <algorithm>
#include <stdexcept>

#include "agewise/base/error.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

std::size_t index(int number) { return static_cast<std::size_t>(number); }

}  // namespace

Call::Call(dnnl::primitive primitive, const std::vector<std::pair<int, Tensor>>& arguments, const dnnl::stream& stream)
    : primitive_(std::move(primitive)), stream_(stream.get()) {
  for (const auto& [role, tensor] : arguments) {
    memories_.push_back(tensor.memory);
    arguments_.push_back({role, tensor.memory.get()});
  }
}

void Call::operator()() const {
  if (own_) return own_();
  dnnl_status_t status =
      dnnl_primitive_execute(primitive_.get(), stream_, static_cast<int>(arguments_.size()), arguments_.data());
  if (status != dnnl_success) throw base::Error("oneDNN: a kernel failed (status " + std::to_string(status) + ")");
}

Plan::Plan(const Graph& graph, int batch, Mode mode, int threads, KernelChooser chooser,
           GradientReducer* statistics_reducer)
    : graph_(graph),
      batch_(batch),
      mode_(mode),
      threads_(threads),
      chooser_(std::move(chooser)),
      statistics_reducer_(statistics_reducer),
      readers_(readers_of(graph)),
      overwritable_(graph.layers.size(), true),
      wants_gradient_(graph.layers.size(), false),
      values_(graph.layers.size()),
      gradients_(graph.layers.size()),
      parameters_(graph),
      parameter_offsets_(parameters_.infos().size(), -1) {
  if (train()) find_wanted_gradients();
}

void Plan::find_wanted_gradients() {
  for (const ParameterInfo& info : parameters_.infos()) {
    if (info.trained && info.lr_multiplier != 0) wants_gradient_[index(info.layer)] = true;
  }
  for (std::size_t i = 0; i < graph_.layers.size(); ++i) {
    for (int input : graph_.layers[i].inputs) {
      if (wants_gradient_[index(input)]) wants_gradient_[i] = true;
    }
  }
}

dnnl::memory::dims Plan::dims(const Shape& shape) const { return {batch_, shape.channels, shape.height, shape.width}; }
Desc Plan::canonical_layout(const Shape& shape) const { return {dims(shape), kFloat, Tag::nchw}; }
Desc Plan::any_layout(const Shape& shape) const { return {dims(shape), kFloat, Tag::any}; }

Tensor Plan::tensor(const Desc& layout, int buffer) {
  Tensor made{dnnl::memory(layout, engine_, DNNL_MEMORY_NONE), buffer};
  bindings_.push_back({made.memory, Where::arena, index(buffer)});
  return made;
}

Tensor Plan::allocate(const Desc& layout) { return keep(tensor(layout, memory_.add(layout.get_size()))); }
Tensor Plan::view(const Tensor& whole, const Desc& layout) { return keep(tensor(layout, whole.buffer)); }

Tensor Plan::keep(const Tensor& kept) {
  if (kept.buffer >= 0) memory_.use(kept.buffer, now_);
  return kept;
}

Tensor Plan::pinned(const Desc& layout) {
  Tensor made = allocate(layout);
  memory_.pin(made.buffer);
  return made;
}

Tensor Plan::scratchpad(const Desc& layout) {
  if (scratch_ < 0) {
    scratch_ = memory_.add(0);
    memory_.pin(scratch_);
  }
  memory_.enlarge(scratch_, layout.get_size());
  return tensor(layout, scratch_);
}

Tensor Plan::value(int layer) { return keep(values_[index(layer)]); }
void Plan::define(int layer, const Tensor& value) { values_[index(layer)] = value; }

void Plan::define_same(int layer, int input) {
  define(layer, value(input));
  forbid_overwriting(layer);
  forbid_overwriting(input);
}

int Plan::source_of(int layer) const {
  while (!train() && std::holds_alternative<layer::Dropout>(graph_.layers[index(layer)].kind))
    layer = graph_.layers[index(layer)].inputs[0];
  return layer;
}

bool Plan::may_overwrite(int layer) const {
  const Tensor& value = values_[index(layer)];
  return overwritable_[index(layer)] && readers_[index(layer)] == 1 && !memory_.pinned(value.buffer);
}

bool Plan::is_last_reader(int layer, const Operation& operation) const {
  if (train() || !overwritable_[index(layer)] || memory_.pinned(values_[index(layer)].buffer)) return false;
  for (std::size_t i = index(operation.output) + 1; i < graph_.layers.size(); ++i) {
    const std::vector<int>& inputs = graph_.layers[i].inputs;
    if (std::find(inputs.begin(), inputs.end(), layer) != inputs.end()) return false;
  }
  return std::find(graph_.outputs.begin(), graph_.outputs.end(), layer) == graph_.outputs.end();
}

Tensor Plan::gradient(int layer) { return keep(gradients_[index(layer)]); }

Tensor Plan::changed_gradient(int layer) {
  Tensor whole = gradient(layer);
  return memory_.pinned(whole.buffer) ? allocate(whole.layout()) : whole;
}

Tensor Plan::gradient_share(int layer) {
  Tensor& whole = gradients_[index(layer)];
  Tensor share = allocate(values_[index(layer)].layout());
  if (whole) {
    add_share(share, whole, false);
  } else {
    whole = share;
  }
  return share;
}

void Plan::add_share(const Tensor& from, const Tensor& to, bool first) {
  keep(from), keep(to);
  if (from.layout() == to.layout()) {
    additions_.push_back({now_, {}, from, to, first});
  } else if (first) {
    additions_.push_back({now_, reorder(from, to), {}, to, first});
  } else {
    Tensor alike = allocate(to.layout());
    additions_.push_back({now_, reorder(from, alike), alike, to, first});
  }
}

bool Plan::pass_gradient(const Tensor& from, int layer, bool may_take) {
  Tensor& whole = gradients_[index(layer)];
  bool exists = static_cast<bool>(whole);
  if (!exists && may_take && !memory_.pinned(from.buffer) && from.layout() == values_[index(layer)].layout()) {
    whole = keep(from);
    return true;
  }
  if (!exists) whole = allocate(values_[index(layer)].layout());
  add_share(from, whole, !exists);
  return false;
}

Tensor Plan::output_gradient(int layer) {
  Tensor given = pinned(canonical_layout(graph_.layers[index(layer)].shape));
  if (readers_[index(layer)] == 1 && given.layout() == layout(layer)) {
    gradients_[index(layer)] = given;
  } else {
    pass_gradient(given, layer, false);
  }
  return given;
}

bool Plan::learns(int layer, bool bias) const {
  const Layer& of = graph_.layers[index(layer)];
  return (bias ? of.bias_lr_multiplier : of.lr_multiplier) != 0;
}

Tensor Plan::flat(const Desc& layout, Where where, std::size_t offset) {
  Tensor made{dnnl::memory(layout, engine_, DNNL_MEMORY_NONE), -1};
  bindings_.push_back({made.memory, where, offset});
  return made;
}

Tensor Plan::parameter(int number, const ParameterLayout& layout) {
  std::ptrdiff_t& offset = parameter_offsets_[index(number)];
  if (offset >= 0) throw std::logic_error("a parameter was placed twice");
  offset = static_cast<std::ptrdiff_t>(parameters_.add(number, now_, layout));
  return flat(layout.own, Where::parameters, static_cast<std::size_t>(offset));
}

Tensor Plan::gradient_of_parameter(int number, const Desc& layout) {
  return flat(layout, Where::gradients, static_cast<std::size_t>(parameter_offsets_[index(number)]));
}

ParameterLayout Plan::vector_layout(int size) const {
  Desc layout({size}, kFloat, Tag::a);
  return {layout, layout};
}

Call Plan::reorder(const Tensor& from, const Tensor& to) {
  dnnl::reorder::primitive_desc description(engine_, from.layout(), engine_, to.layout(), attributes());
  return call(description, dnnl::reorder(description), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

dnnl::primitive_attr Plan::attributes() const {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

void Plan::bind() {
  memory_.place();
  std::size_t flat_bytes = aligned(parameters_.size() * sizeof(float));
  region_ = std::make_unique<Region>(memory_.size() + flat_bytes * (train() ? 2 : 1));
  std::byte* base = region_->data();
  parameter_data_ = reinterpret_cast<float*>(base + memory_.size());
  gradient_data_ = train() ? reinterpret_cast<float*>(base + memory_.size() + flat_bytes) : nullptr;
  for (Binding& binding : bindings_) {
    void* place = binding.where == Where::arena
                      ? static_cast<void*>(base + memory_.offset(static_cast<int>(binding.place)))
                  : binding.where == Where::parameters ? parameter_data_ + binding.place
                                                       : gradient_data_ + binding.place;
    binding.memory.set_data_handle(place);
  }
  bindings_.clear();
}

}  // namespace agewise::nn::cpu
