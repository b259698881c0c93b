// Max, average and global average pooling by oneDNN, in the input's native layout.
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

struct Windows {
  dnnl::algorithm algorithm;
  Dims kernel, strides, before, after;
};

template <class Pool>
Windows windows_of(dnnl::algorithm algorithm, const Pool& pool) {
  return {algorithm,
          {pool.kernel, pool.kernel},
          {pool.stride, pool.stride},
          {pool.pad.top, pool.pad.left},
          {pool.pad.bottom, pool.pad.right}};
}

Windows windows_of(const LayerKind& kind, const Shape& in) {
  if (const auto* max = std::get_if<layer::MaxPool>(&kind)) return windows_of(dnnl::algorithm::pooling_max, *max);
  constexpr auto kAverage = dnnl::algorithm::pooling_avg_exclude_padding;
  if (const auto* average = std::get_if<layer::AveragePool>(&kind)) return windows_of(kAverage, *average);
  return {kAverage, {in.height, in.width}, {1, 1}, {0, 0}, {0, 0}};
}

class Pool : public Step {
 public:
  Pool(Plan& plan, const Operation& operation)
      : input_(plan.layer(operation.layer).inputs[0]),
        layer_(operation.layer),
        windows_(windows_of(plan.layer(layer_).kind, plan.layer(input_).shape)) {
    in_ = plan.value(input_);
    description_ = dnnl::pooling_forward::primitive_desc(
        {plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference, windows_.algorithm,
         in_.layout(), plan.any_layout(plan.layer(layer_).shape), windows_.strides, windows_.kernel, windows_.before,
         windows_.after},
        plan.attributes(), plan.engine());
    note(plan.layer(layer_).name, "forward", description_);
    out_ = plan.allocate(description_.dst_desc());
    std::vector<std::pair<int, Tensor>> arguments{{DNNL_ARG_SRC, in_}, {DNNL_ARG_DST, out_}};
    if (description_.workspace_desc().get_size() > 0) {
      winners_ = plan.allocate(description_.workspace_desc());
      arguments.emplace_back(DNNL_ARG_WORKSPACE, winners_);
    }
    forward_ = plan.call(description_, dnnl::pooling_forward(description_), arguments);
    plan.define(layer_, out_);
  }

  void plan_backward(Plan& plan) override {
    dnnl::pooling_backward::primitive_desc description(
        {windows_.algorithm, in_.layout(), out_.layout(), windows_.strides, windows_.kernel, windows_.before,
         windows_.after},
        plan.attributes(), plan.engine(), description_);
    note(plan.layer(layer_).name, "backward", description);
    std::vector<std::pair<int, Tensor>> arguments{{DNNL_ARG_DIFF_DST, plan.gradient(layer_)},
                                                  {DNNL_ARG_DIFF_SRC, plan.gradient_share(input_)}};
    if (winners_) arguments.emplace_back(DNNL_ARG_WORKSPACE, plan.keep(winners_));
    backward_ = plan.call(description, dnnl::pooling_backward(description), arguments);
  }

  void forward(const Pass&) override { forward_(); }
  void backward(const Pass&) override { backward_(); }

 private:
  int input_, layer_;
  Windows windows_;
  dnnl::pooling_forward::primitive_desc description_;
  Tensor in_, out_, winners_;
  Call forward_, backward_;
};

}  // namespace

std::unique_ptr<Step> make_pool(Plan& plan, const Operation& operation) {
  return std::make_unique<Pool>(plan, operation);
}

}  // namespace agewise::nn::cpu
