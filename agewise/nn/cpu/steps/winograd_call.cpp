#include "agewise/nn/cpu/steps/winograd_call.h"

#include <omp.h>

#include <cstring>

#include "agewise/nn/cpu/kernels/thin_kernels.h"
#include "agewise/nn/cpu/plan/parameters.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

bool wide() { return vector_floats() == 16; }

Desc run_of(std::size_t floats) { return {{static_cast<dnnl::memory::dim>(floats)}, kFloat, Tag::a}; }

// Training's weights change every step: then the scratch space begins with what they are transformed to.
std::size_t point_floats(const WinogradTask& task) {
  return task.transformed || task.pass == WinogradPass::backward_weights ? 0 : winograd_weight_floats(task.shape);
}
Desc scratch_layout(const WinogradTask& task, int threads) {
  return run_of(point_floats(task) + winograd_scratch_floats(task.shape, task.pass, threads));
}

void run(const WinogradTask& task, const WinogradTensors& t, const Tensor& scratch, int threads) {
  float *points = scratch.data(), *rest = points + point_floats(task);
  float* bias = task.has_bias ? t.bias.data() : nullptr;
  if (task.pass == WinogradPass::backward_weights) {
    winograd_backward_weights(task.shape, t.in.data(), t.out.data(), t.weights.data(), bias, rest, threads);
    return;
  }
  if (task.transformed) {
    points = t.weights.data();
  } else {
    winograd_transform_weights(task.shape, task.pass, t.weights.data(), points, threads);
  }
  if (task.pass == WinogradPass::forward) {
    winograd_forward(task.shape, t.in.data(), points, {bias, task.add, task.relu}, t.out.data(), rest, threads);
  } else {
    winograd_backward_data(task.shape, t.out.data(), points, t.in.data(), rest, threads);
  }
}

}  // namespace

Desc winograd_activations(int batch, const Shape& shape) {
  return {{batch, shape.channels, shape.height, shape.width}, kFloat, wide() ? Tag::nChw16c : Tag::nChw8c};
}
Desc winograd_weights(const WinogradShape& shape) {
  return {{shape.out.channels, shape.in.channels, 3, 3}, kFloat, wide() ? Tag::OIhw16i16o : Tag::OIhw8i8o};
}
Desc winograd_points(const WinogradShape& shape) { return run_of(winograd_weight_floats(shape)); }

Call winograd_call(Plan& plan, const WinogradTask& task, const WinogradTensors& tensors) {
  Tensor scratch = plan.scratchpad(scratch_layout(task, plan.threads()));
  return Call([=, threads = plan.threads()] { run(task, tensors, scratch, threads); });
}

Candidate winograd_candidate(const Plan& plan, const WinogradTask& task) {
  auto prepare = [&plan, task]() -> std::function<void()> {
    auto zeros = [&](const Desc& layout) {
      Tensor tensor{dnnl::memory(layout, plan.engine())};
      std::memset(tensor.data(), 0, layout.get_size());
      return tensor;
    };
    const WinogradShape& s = task.shape;
    WinogradTensors tensors{zeros(winograd_activations(s.batch, s.in)), zeros(winograd_activations(s.batch, s.out)),
                            zeros(task.transformed ? winograd_points(s) : winograd_weights(s)),
                            zeros(run_of(static_cast<std::size_t>(s.out.channels)))};
    Tensor scratch = zeros(scratch_layout(task, plan.threads()));
    return [=, threads = plan.threads()] { run(task, tensors, scratch, threads); };
  };
  return {"own winograd", prepare};
}

void winograd_take_weights(const WinogradShape& shape, const float* plain, const Tensor& points) {
  Desc blocked = winograd_weights(shape);
  std::vector<float> weights(blocked.get_size() / sizeof(float));
  reorder(points.memory.get_engine(), Desc(blocked.dims(), kFloat, Tag::oihw), plain, blocked, weights.data());
  winograd_transform_weights(shape, WinogradPass::forward, weights.data(), points.data(), omp_get_max_threads());
}

}  // namespace agewise::nn::cpu
