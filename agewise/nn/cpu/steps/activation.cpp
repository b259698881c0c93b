// Activations by oneDNN, in the input's native layout; the hard sigmoid, which oneDNN 2.6.3 has only in two parts, by
// own loops.
#include "agewise/nn/cpu/steps/activation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "agewise/base/overloaded.h"
#include "agewise/nn/cpu/steps/channels.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;

using Algorithm = dnnl::algorithm;

// oneDNN's name and two numbers for a function.
struct Eltwise {
  Algorithm algorithm;
  float alpha = 0, beta = 0;
  bool by_output = false;  // its slope follows from its value
};

std::optional<Eltwise> eltwise_of(const LayerKind& kind) {
  return std::visit(
      base::Overloaded{
          [](const layer::Sigmoid&) -> std::optional<Eltwise> {
            return Eltwise{Algorithm::eltwise_logistic_use_dst_for_bwd, 0, 0, true};
          },
          [](const layer::Tanh&) -> std::optional<Eltwise> {
            return Eltwise{Algorithm::eltwise_tanh_use_dst_for_bwd, 0, 0, true};
          },
          [](const layer::HardSwish&) -> std::optional<Eltwise> { return Eltwise{Algorithm::eltwise_hardswish}; },
          [](const layer::Silu&) -> std::optional<Eltwise> {
            return Eltwise{Algorithm::eltwise_swish, 1};
          },
          [](const layer::Gelu& g) -> std::optional<Eltwise> {
            return Eltwise{g.tanh ? Algorithm::eltwise_gelu_tanh : Algorithm::eltwise_gelu_erf};
          },
          [](const layer::Clip& c) -> std::optional<Eltwise> {
            return Eltwise{Algorithm::eltwise_clip_v2, static_cast<float>(c.low), static_cast<float>(c.high)};
          },
          [](const auto&) -> std::optional<Eltwise> { return {}; },
      },
      kind);
}

// Where channels are filled up to whole blocks oneDNN 2.6.3 has no more than its plain loop for a backward pass. The
// same memory taken for one row of numbers has none of them: what fills it up has the gradient 0 and keeps it.
Desc for_backward(const Desc& layout) {
  auto numbers = static_cast<dnnl::memory::dim>(layout.get_size() / sizeof(float));
  dnnl::memory::dim used = 1;
  for (dnnl::memory::dim size : layout.dims()) used *= size;
  if (numbers == used) return layout;
  return {dnnl::memory::dims{numbers}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a};
}

class Activation : public Step {
 public:
  Activation(Plan& plan, const Operation& operation)
      : layer_(operation.layer),
        input_(plan.layer(operation.layer).inputs[0]),
        how_(eltwise_of(plan.layer(operation.layer).kind).value()) {
    in_ = plan.value(input_);
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    description_ = dnnl::eltwise_forward::primitive_desc({kind, how_.algorithm, in_.layout(), how_.alpha, how_.beta},
                                                         plan.attributes(), plan.engine());
    note(plan.layer(layer_).name, "forward", description_);
    out_ = plan.allocate(in_.layout());
    forward_ =
        plan.call(description_, dnnl::eltwise_forward(description_), {{DNNL_ARG_SRC, in_}, {DNNL_ARG_DST, out_}});
    plan.define(layer_, out_);
    plan.forbid_overwriting(how_.by_output ? layer_ : input_);  // backward reads it
  }

  void plan_backward(Plan& plan) override {
    Desc layout = for_backward(out_.layout());
    dnnl::eltwise_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, how_.algorithm, layout, how_.alpha, how_.beta}, plan.attributes(),
        plan.engine());
    dnnl::eltwise_backward::primitive_desc description({how_.algorithm, layout, layout, how_.alpha, how_.beta},
                                                       plan.attributes(), plan.engine(), forward);
    note(plan.layer(layer_).name, "backward", description);
    backward_ =
        plan.call(description, dnnl::eltwise_backward(description),
                  {how_.by_output ? std::pair(DNNL_ARG_DST, plan.keep(out_)) : std::pair(DNNL_ARG_SRC, plan.keep(in_)),
                   {DNNL_ARG_DIFF_DST, plan.gradient(layer_)},
                   {DNNL_ARG_DIFF_SRC, plan.gradient_share(input_)}});
  }

  void forward(const Pass&) override { forward_(); }
  void backward(const Pass&) override { backward_(); }

 private:
  int layer_, input_;
  Eltwise how_;
  dnnl::eltwise_forward::primitive_desc description_;
  Tensor in_, out_;
  Call forward_, backward_;
};

class HardSigmoid : public Step {
 public:
  HardSigmoid(Plan& plan, const Operation& operation)
      : layer_(operation.layer), input_(plan.layer(operation.layer).inputs[0]) {
    const auto& kind = std::get<layer::HardSigmoid>(plan.layer(layer_).kind);
    slope_ = static_cast<float>(kind.slope);
    offset_ = static_cast<float>(kind.offset);
    in_ = walkable(plan, plan.value(input_), to_plain_);
    channels_ = channels_of(in_.layout());
    out_ = plan.allocate(in_.layout());
    plan.define(layer_, out_);
    plan.forbid_overwriting(layer_);  // backward reads it
    note(plan.layer(layer_).name, "own hard sigmoid");
  }

  void plan_backward(Plan& plan) override {
    plan.keep(out_);
    gradient_ = plan.gradient(layer_);
    changed_ = plan.changed_gradient(layer_);
    plan.pass_gradient(changed_, input_);
  }

  void forward(const Pass&) override {
    if (to_plain_) to_plain_();
    const float* in = in_.data();
    float* out = out_.data();
    for_each_number(channels_, out, [=, this](std::int64_t i, std::int64_t, std::int64_t) {
      out[i] = std::clamp(slope_ * in[i] + offset_, 0.0F, 1.0F);
    });
  }

  void backward(const Pass&) override {
    const float *out = out_.data(), *gradient = gradient_.data();
    float* changed = changed_.data();
    for_each_number(channels_, changed, [=, this](std::int64_t i, std::int64_t, std::int64_t) {
      changed[i] = out[i] > 0 && out[i] < 1 ? slope_ * gradient[i] : 0;
    });
  }

 private:
  int layer_, input_;
  float slope_, offset_;
  Channels channels_{};
  Call to_plain_;
  Tensor in_, out_, gradient_, changed_;
};

class PRelu : public Step {
 public:
  PRelu(Plan& plan, const Operation& operation)
      : layer_(operation.layer), input_(plan.layer(operation.layer).inputs[0]) {
    in_ = plan.value(input_);
    dnnl::memory::dims weights{1, plan.layer(layer_).shape.channels, 1, 1};
    constexpr auto kFloat = dnnl::memory::data_type::f32;
    Desc any(weights, kFloat, dnnl::memory::format_tag::any), plain(weights, kFloat, dnnl::memory::format_tag::abcd);
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    description_ = dnnl::prelu_forward::primitive_desc({kind, in_.layout(), any}, plan.attributes(), plan.engine());
    note(plan.layer(layer_).name, "forward", description_);
    weight_ = plan.parameter(plan.first_parameter(layer_), {plain, description_.weights_desc()});
    out_ = plan.allocate(in_.layout());
    forward_ = plan.call(description_, dnnl::prelu_forward(description_),
                         {{DNNL_ARG_SRC, in_}, {DNNL_ARG_WEIGHTS, weight_}, {DNNL_ARG_DST, out_}});
    plan.define(layer_, out_);
    plan.forbid_overwriting(input_);  // backward reads it
  }

  void plan_backward(Plan& plan) override {
    dnnl::prelu_backward::primitive_desc description({in_.layout(), weight_.layout(), in_.layout(), weight_.layout()},
                                                     plan.attributes(), plan.engine(), description_);
    note(plan.layer(layer_).name, "backward", description);
    Tensor to_input = plan.wants_gradient(input_) ? plan.gradient_share(input_) : plan.allocate(in_.layout());
    backward_ = plan.call(
        description, dnnl::prelu_backward(description),
        {{DNNL_ARG_SRC, plan.keep(in_)},
         {DNNL_ARG_WEIGHTS, weight_},
         {DNNL_ARG_DIFF_DST, plan.gradient(layer_)},
         {DNNL_ARG_DIFF_SRC, to_input},
         {DNNL_ARG_DIFF_WEIGHTS, plan.gradient_of_parameter(plan.first_parameter(layer_), weight_.layout())}});
  }

  void forward(const Pass&) override { forward_(); }
  void backward(const Pass&) override { backward_(); }

 private:
  int layer_, input_;
  dnnl::prelu_forward::primitive_desc description_;
  Tensor in_, out_, weight_;
  Call forward_, backward_;
};

}  // namespace

bool is_computed_along(const LayerKind& kind) {
  return eltwise_of(kind).has_value() || std::holds_alternative<layer::HardSigmoid>(kind);
}

void append_activation(dnnl::post_ops& after, const LayerKind& kind) {
  if (const auto* hard = std::get_if<layer::HardSigmoid>(&kind)) {
    after.append_eltwise(1, Algorithm::eltwise_linear, static_cast<float>(hard->slope),
                         static_cast<float>(hard->offset));
    after.append_eltwise(1, Algorithm::eltwise_clip, 0, 1);
    return;
  }
  Eltwise how = eltwise_of(kind).value();
  after.append_eltwise(1, how.algorithm, how.alpha, how.beta);
}

std::string name_of_activation(const LayerKind& kind) {
  return std::visit(base::Overloaded{
                        [](const layer::Sigmoid&) -> std::string { return "sigmoid"; },
                        [](const layer::Tanh&) -> std::string { return "tanh"; },
                        [](const layer::HardSwish&) -> std::string { return "hard swish"; },
                        [](const layer::HardSigmoid&) -> std::string { return "hard sigmoid"; },
                        [](const layer::Silu&) -> std::string { return "SiLU"; },
                        [](const layer::Gelu&) -> std::string { return "GELU"; },
                        [](const layer::Clip& c) { return fmt::format("clip {} {}", c.low, c.high); },
                        [](const auto&) -> std::string { return "ReLU"; },
                    },
                    kind);
}

std::unique_ptr<Step> make_hard_sigmoid(Plan& plan, const Operation& operation) {
  return std::make_unique<HardSigmoid>(plan, operation);
}
std::unique_ptr<Step> make_activation(Plan& plan, const Operation& operation) {
  return std::make_unique<Activation>(plan, operation);
}
std::unique_ptr<Step> make_prelu(Plan& plan, const Operation& operation) {
  return std::make_unique<PRelu>(plan, operation);
}

}  // namespace agewise::nn::cpu
