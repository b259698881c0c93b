// Fully connected layers by oneDNN's inner product, with ReLU. The input is flattened as it lies: where activations are
// blocked, the weights' columns follow that order instead of the graph's C, H, W, and no activation is reordered.
#include "agewise/nn/cpu/elementwise.h"
#include "agewise/nn/cpu/layouts.h"
#include "agewise/nn/cpu/step.h"

namespace agewise::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

class FullyConnected : public Step {
 public:
  FullyConnected(Plan& plan, const Operation& operation)
      : operation_(operation),
        input_(plan.layer(operation.layer).inputs[0]),
        options_(std::get<layer::FullyConnected>(plan.layer(operation.layer).kind)),
        name_(plan.layer(operation.layer).name) {
    in_ = plan.value(input_);
    if (channel_block(in_.layout()) == 0 && !is_plain(in_.layout())) {
      Tensor plain = plan.allocate(plan.plain_layout(plan.layer(input_).shape));
      reorder_in_ = plan.reorder(in_, plain);
      in_ = plain;
    }
    rows_ = plan.view(in_, {{plan.batch(), columns(plan)}, kFloat, Tag::ab});
    describe_forward(plan);
    note(name_, "forward", description_);
    take_parameters(plan);
    Tensor out = plan.allocate(plan.plain_layout(plan.layer(operation.layer).shape));
    out_ = plan.view(out, matrix(plan));
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, rows_}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_DST, out_}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_BIAS, bias_);
    forward_ = plan.call(description_, dnnl::inner_product_forward(description_), arguments);
    plan.define(operation.output, out);
  }

  void plan_backward(Plan& plan) override {
    gradient_ = plan.gradient(operation_.output);
    changed_ = gradient_;
    if (operation_.relu >= 0) {
      plan.keep(out_);
      changed_ = plan.changed_gradient(operation_.output);
    }
    Tensor gradient = plan.view(changed_, matrix(plan));
    if (plan.learns(operation_.layer) || (options_.bias && plan.learns(operation_.layer, true)))
      plan_backward_weights(plan, gradient);
    if (plan.wants_gradient(input_)) plan_backward_data(plan, gradient);
  }

  void forward(const Pass&) override {
    if (reorder_in_) reorder_in_();
    forward_();
  }

  void backward(const Pass&) override {
    if (operation_.relu >= 0) relu_backward(out_.data(), gradient_.data(), changed_.data(), changed_.floats());
    if (backward_weights_) backward_weights_();
    if (reorder_weight_gradient_) reorder_weight_gradient_();
    if (reorder_weights_) reorder_weights_();
    if (backward_data_) backward_data_();
    if (reorder_to_input_) reorder_to_input_();
  }

 private:
  // Of one row of the input, the padding of blocked channels included.
  dnnl::memory::dim columns(const Plan& plan) const {
    return static_cast<dnnl::memory::dim>(in_.floats()) / plan.batch();
  }
  Desc matrix(const Plan& plan) const { return {{plan.batch(), options_.outputs}, kFloat, Tag::ab}; }
  Desc bias_layout() const { return {{options_.outputs}, kFloat, Tag::a}; }
  Desc any_weights() const { return {{options_.outputs, rows_.layout().dims()[1]}, kFloat, Tag::any}; }

  void describe_forward(Plan& plan) {
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    dnnl::inner_product_forward::desc wanted =
        options_.bias
            ? dnnl::inner_product_forward::desc(kind, rows_.layout(), any_weights(), bias_layout(), matrix(plan))
            : dnnl::inner_product_forward::desc(kind, rows_.layout(), any_weights(), matrix(plan));
    dnnl::primitive_attr attributes = plan.attributes();
    if (operation_.relu >= 0) {
      dnnl::post_ops after;
      after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
      attributes.set_post_ops(after);
    }
    description_ = {wanted, attributes, plan.engine()};
  }

  void take_parameters(Plan& plan) {
    const Shape& in = plan.layer(input_).shape;
    dnnl::memory::dims axes{options_.outputs, in.channels, in.height, in.width};
    int block = channel_block(in_.layout());
    Tag order = block == 16 ? Tag::aBcd16b : block == 8 ? Tag::aBcd8b : Tag::abcd;
    ParameterLayout layout{{axes, kFloat, Tag::abcd}, description_.weights_desc()};
    layout.between = {axes, kFloat, order};
    layout.between_matrix = {{options_.outputs, rows_.layout().dims()[1]}, kFloat, Tag::ab};
    int first = plan.first_parameter(operation_.layer);
    weights_ = plan.parameter(first, layout);
    if (options_.bias) bias_ = plan.parameter(first + 1, plan.vector_layout(options_.outputs));
  }

  void plan_backward_weights(Plan& plan, const Tensor& gradient) {
    plan.keep(rows_);
    int first = plan.first_parameter(operation_.layer);
    auto describe = [&](const Desc& weights) {
      dnnl::inner_product_backward_weights::desc wanted =
          options_.bias
              ? dnnl::inner_product_backward_weights::desc(rows_.layout(), weights, bias_layout(), gradient.layout())
              : dnnl::inner_product_backward_weights::desc(rows_.layout(), weights, gradient.layout());
      return dnnl::inner_product_backward_weights::primitive_desc(wanted, plan.attributes(), plan.engine(),
                                                                  description_);
    };
    auto description = describe(weights_.layout());
    if (is_reference(description)) description = describe(any_weights());
    note(name_, "backward weights", description);
    Tensor own = plan.gradient_of_parameter(first, weights_.layout()), found = own;
    if (description.diff_weights_desc() != own.layout()) {
      found = plan.allocate(description.diff_weights_desc());
      reorder_weight_gradient_ = plan.reorder(found, own);
    }
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, rows_}, {DNNL_ARG_DIFF_DST, gradient}, {DNNL_ARG_DIFF_WEIGHTS, found}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, plan.gradient_of_parameter(first + 1, bias_layout()));
    backward_weights_ = plan.call(description, dnnl::inner_product_backward_weights(description), arguments);
  }

  void plan_backward_data(Plan& plan, const Tensor& gradient) {
    auto describe = [&](const Desc& weights) {
      return dnnl::inner_product_backward_data::primitive_desc({rows_.layout(), weights, gradient.layout()},
                                                               plan.attributes(), plan.engine(), description_);
    };
    auto description = describe(weights_.layout());
    if (is_reference(description)) description = describe(any_weights());
    note(name_, "backward data", description);
    Tensor weights = weights_;
    if (description.weights_desc() != weights_.layout()) {
      weights = plan.allocate(description.weights_desc());
      reorder_weights_ = plan.reorder(weights_, weights);
    }
    Tensor share = plan.gradient_share(input_), to_input = share;
    if (share.layout() != in_.layout()) {
      to_input = plan.allocate(in_.layout());
      reorder_to_input_ = plan.reorder(to_input, share);
    }
    backward_data_ = plan.call(description, dnnl::inner_product_backward_data(description),
                               {{DNNL_ARG_DIFF_DST, gradient},
                                {DNNL_ARG_WEIGHTS, weights},
                                {DNNL_ARG_DIFF_SRC, plan.view(to_input, rows_.layout())}});
  }

  Operation operation_;
  int input_;
  layer::FullyConnected options_;
  std::string name_;
  dnnl::inner_product_forward::primitive_desc description_;
  Tensor in_, rows_, out_, weights_, bias_, gradient_, changed_;
  Call reorder_in_, forward_, backward_weights_, reorder_weight_gradient_, reorder_weights_, backward_data_,
      reorder_to_input_;
};

}  // namespace

std::unique_ptr<Step> make_fully_connected(Plan& plan, const Operation& operation) {
  return std::make_unique<FullyConnected>(plan, operation);
}

}  // namespace agewise::cpu
