// Batch normalisation by oneDNN, with ReLU; training updates the running statistics.
#include <cmath>

#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Flags = dnnl::normalization_flags;

class BatchNorm : public Step {
 public:
  BatchNorm(Plan& plan, const Operation& operation)
      : operation_(operation),
        input_(plan.layer(operation.layer).inputs[0]),
        options_(std::get<layer::BatchNorm>(plan.layer(operation.layer).kind)),
        name_(plan.layer(operation.layer).name) {
    in_ = plan.value(input_);
    description_ = dnnl::batch_normalization_forward::primitive_desc(
        {plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference, in_.layout(),
         static_cast<float>(options_.epsilon), flags(plan)},
        plan.attributes(), plan.engine());
    note(name_, "forward", description_);
    take_parameters(plan);
    out_ = plan.allocate(in_.layout());
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, in_},    {DNNL_ARG_SCALE, gamma_},       {DNNL_ARG_SHIFT, beta_},
        {DNNL_ARG_MEAN, mean_}, {DNNL_ARG_VARIANCE, variance_}, {DNNL_ARG_DST, out_}};
    if (plan.train() && operation.relu >= 0) {
      workspace_ = plan.allocate(description_.workspace_desc());
      arguments.emplace_back(DNNL_ARG_WORKSPACE, workspace_);
    }
    forward_ = plan.call(description_, dnnl::batch_normalization_forward(description_), arguments);
    plan.define(operation.output, out_);
  }

  void plan_backward(Plan& plan) override {
    if (!plan.learns(operation_.layer) && !plan.wants_gradient(input_)) return;
    dnnl::batch_normalization_backward::primitive_desc description(
        {dnnl::prop_kind::backward, in_.layout(), in_.layout(), static_cast<float>(options_.epsilon), flags(plan)},
        plan.attributes(), plan.engine(), description_);
    note(name_, "backward", description);
    Tensor to_input = plan.wants_gradient(input_) ? plan.gradient_share(input_) : plan.allocate(in_.layout());
    int first = plan.first_parameter(operation_.layer);
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, plan.keep(in_)},
        {DNNL_ARG_MEAN, plan.keep(mean_)},
        {DNNL_ARG_VARIANCE, plan.keep(variance_)},
        {DNNL_ARG_SCALE, gamma_},
        {DNNL_ARG_SHIFT, beta_},
        {DNNL_ARG_DIFF_DST, plan.gradient(operation_.output)},
        {DNNL_ARG_DIFF_SRC, to_input},
        {DNNL_ARG_DIFF_SCALE, plan.gradient_of_parameter(first, gamma_.layout())},
        {DNNL_ARG_DIFF_SHIFT, plan.gradient_of_parameter(first + 1, beta_.layout())}};
    if (workspace_) arguments.emplace_back(DNNL_ARG_WORKSPACE, plan.keep(workspace_));
    backward_ = plan.call(description, dnnl::batch_normalization_backward(description), arguments);
  }

  void forward(const Pass& pass) override {
    forward_();
    if (running_mean_ && pass.update_statistics) update_statistics();
  }

  void backward(const Pass&) override {
    if (backward_) backward_();
  }

 private:
  Flags flags(const Plan& plan) const {
    Flags flags = Flags::use_scale | Flags::use_shift;
    if (!plan.train()) flags |= Flags::use_global_stats;
    if (operation_.relu >= 0) flags |= Flags::fuse_norm_relu;
    return flags;
  }

  void take_parameters(Plan& plan) {
    const Shape& shape = plan.layer(operation_.layer).shape;
    int first = plan.first_parameter(operation_.layer);
    ParameterLayout layout = plan.vector_layout(shape.channels);
    gamma_ = plan.parameter(first, layout);
    beta_ = plan.parameter(first + 1, layout);
    mean_ = plan.parameter(first + 2, layout);
    variance_ = plan.parameter(first + 3, layout);
    if (!plan.train()) return;
    running_mean_ = mean_;
    running_variance_ = variance_;
    mean_ = plan.allocate(layout.own);
    variance_ = plan.allocate(layout.own);
    count_ = static_cast<double>(plan.batch()) * shape.height * shape.width;
  }

  // oneDNN's variance is the biased one.
  void update_statistics() {
    double unbias = count_ > 1 ? count_ / (count_ - 1) : 1, keep = options_.momentum;
    for (std::size_t c = 0; c < mean_.floats(); ++c) {
      float &mean = running_mean_.data()[c], &variance = running_variance_.data()[c];
      mean = static_cast<float>(keep * mean + (1 - keep) * mean_.data()[c]);
      variance = static_cast<float>(keep * variance + (1 - keep) * unbias * variance_.data()[c]);
    }
  }

  Operation operation_;
  int input_;
  layer::BatchNorm options_;
  std::string name_;
  dnnl::batch_normalization_forward::primitive_desc description_;
  Tensor in_, out_, gamma_, beta_, mean_, variance_, running_mean_, running_variance_, workspace_;
  double count_ = 0;
  Call forward_, backward_;
};

}  // namespace

std::unique_ptr<Step> make_batch_norm(Plan& plan, const Operation& operation) {
  if (plan.train() && plan.statistics_reducer() != nullptr) return make_synced_batch_norm(plan, operation);
  return std::make_unique<BatchNorm>(plan, operation);
}

}  // namespace agewise::nn::cpu
