// Convolution by oneDNN or our own Winograd kernels, with what can be computed along: ReLU; for inference also a batch
// normalisation folded into the weights, a residual add and other activations.
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "agewise/nn/cpu/activation.h"
#include "agewise/nn/cpu/depthwise_gradient.h"
#include "agewise/nn/cpu/elementwise.h"
#include "agewise/nn/cpu/layouts.h"
#include "agewise/nn/cpu/thin_gradient.h"
#include "agewise/nn/cpu/trial.h"
#include "agewise/nn/cpu/weighted_step.h"
#include "agewise/nn/cpu/winograd_call.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Dims = dnnl::memory::dims;
constexpr auto kFloat = dnnl::memory::data_type::f32;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;
constexpr auto kWinograd = dnnl::algorithm::convolution_winograd;  // F(4×4, 3×3), some F(2×2, 3×3); AVX-512 only

struct Geometry {
  Dims weights, strides, before, after;
  Tag plain;
};

Geometry geometry_of(const layer::Convolution& c, int inputs) {
  Geometry g{{c.channels, inputs, c.kernel_height, c.kernel_width},
             {c.stride, c.stride},
             {c.pad.top, c.pad.left},
             {c.pad.bottom, c.pad.right},
             Tag::oihw};
  if (c.groups > 1) {
    g.weights = {c.groups, c.channels / c.groups, inputs / c.groups, c.kernel_height, c.kernel_width};
    g.plain = Tag::goihw;
  }
  return g;
}

bool fits_winograd(const layer::Convolution& c) {
  return c.kernel_height == 3 && c.kernel_width == 3 && c.stride == 1 && c.groups == 1;
}

// A kernel's description, or nothing where oneDNN has no such kernel or only its plain loop.
template <class Describe>
auto if_fast(Describe describe) -> std::optional<decltype(describe())> {
  try {
    auto description = describe();
    if (!is_reference(description)) return description;
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
  }
  return {};
}

class Convolution : public WeightedStep {
 public:
  Convolution(Plan& plan, const Operation& operation)
      : WeightedStep(plan, operation, std::get<layer::Convolution>(plan.layer(operation.layer).kind).bias),
        options_(std::get<layer::Convolution>(plan.layer(operation.layer).kind)),
        geometry_(geometry_of(options_, plan.layer(input_).shape.channels)),
        winograd_{plan.batch(), plan.layer(input_).shape, plan.layer(operation.layer).shape, options_.pad} {
    in_ = plan.value(input_);
    if (operation.activation >= 0) activation_ = name_of_activation(plan.layer(operation.activation).kind);
    choose_forward(plan);
    if (own_forward_) {
      note(name_, "forward own winograd");
    } else {
      note(name_, "forward", description_);
    }
    if (in_.layout() != description_.src_desc()) {
      Tensor wanted = plan.allocate(description_.src_desc());
      reorder_in_ = plan.reorder(in_, wanted);
      in_ = wanted;
    }
    take_parameters(plan);
    take_output(plan);
    plan_forward(plan);
    plan.define(operation.output, out_);
  }

  void set_parameters(const ParameterMap& map, std::span<const float> all) override {
    int first = map.first_of(operation_.layer);
    if (operation_.normalisation < 0) {
      use_weights(map.part(all, first).data());
      if (options_.bias) std::copy_n(map.part(all, first + 1).data(), options_.channels, used_bias_.data());
      return;
    }
    use_weights(fold(map, all).data());
  }

  void forward(const Pass&) override {
    if (reorder_in_) reorder_in_();
    if (other_) copy(other_.data(), out_.data(), out_.floats());
    if (reorder_other_) reorder_other_();
    forward_();
  }

 private:
  bool has_bias() const { return options_.bias || operation_.normalisation >= 0; }
  Desc bias_layout() const { return {{options_.channels}, kFloat, Tag::a}; }
  Desc plain_weights() const { return {geometry_.weights, kFloat, geometry_.plain}; }
  Desc any_weights(dnnl::memory::data_type type = kFloat) const { return {geometry_.weights, type, Tag::any}; }

  // What distinguishes one pass over one convolution from another.
  std::string key(const Plan& plan, const char* pass) const {
    const Shape &in = plan.layer(input_).shape, &out = plan.layer(operation_.layer).shape;
    bool bfloat16 = plan.chooser().bfloat16 && !plan.train();
    return fmt::format("convolution {}×{}×{}×{} → {}×{}×{}, {}×{}, stride {}, {} groups, block {}, {} {}{}{}{}{}",
                       plan.batch(), in.channels, in.height, in.width, out.channels, out.height, out.width,
                       options_.kernel_height, options_.kernel_width, options_.stride, options_.groups,
                       channel_block(in_.layout()), plan.train() ? "train" : "infer", pass,
                       operation_.add >= 0 ? ", sum" : "", operation_.relu >= 0 ? ", ReLU" : "",
                       activation_.empty() ? "" : ", " + activation_, bfloat16 ? ", or bfloat16" : "");
  }

  using Forward = dnnl::convolution_forward;

  void choose_forward(Plan& plan) {
    Desc any = plan.any_layout(plan.layer(input_).shape);
    std::vector<Forward::primitive_desc> ways{describe_forward(plan, kDirect, any)};
    std::vector<std::string> names{"direct"};
    auto consider = [&](const char* name, dnnl::algorithm algorithm, const Desc& in) {
      auto way = if_fast([&] { return describe_forward(plan, algorithm, in); });
      if (!way) return;
      ways.push_back(*way);
      names.emplace_back(name);
    };
    if (ways[0].src_desc() != in_.layout()) consider("direct, input as it is", kDirect, in_.layout());
    if (fits_winograd(options_)) consider("winograd", kWinograd, any);
    if (plan.chooser().bfloat16 && !plan.train())
      consider("bfloat16", kDirect, {any.dims(), dnnl::memory::data_type::bf16, Tag::any});
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const Forward::primitive_desc& way = ways[i];
      std::vector<std::pair<int, Desc>> arguments{
          {DNNL_ARG_SRC, way.src_desc()}, {DNNL_ARG_WEIGHTS, way.weights_desc()}, {DNNL_ARG_DST, way.dst_desc()}};
      if (has_bias()) arguments.emplace_back(DNNL_ARG_BIAS, bias_layout());
      candidates.push_back(candidate<Forward>(plan, names[i], way, arguments, in_.layout()));
    }
    // Ours takes the layouts that the first does.
    bool own = activation_.empty() && fits_own(ways[0].src_desc(), ways[0].dst_desc());
    if (own) candidates.push_back(winograd_candidate(plan, forward_task(plan)));
    std::size_t chosen = plan.chooser().choose(key(plan, "forward"), candidates);
    own_forward_ = own && chosen == ways.size();
    description_ = ways[own_forward_ ? 0 : chosen];
  }

  bool fits_own(const Desc& in, const Desc& out) const {
    return fits_winograd(options_) && winograd_fits(winograd_) &&
           in == winograd_activations(winograd_.batch, winograd_.in) &&
           out == winograd_activations(winograd_.batch, winograd_.out);
  }

  WinogradTask forward_task(const Plan& plan) const {
    return {winograd_, WinogradPass::forward, has_bias(), !plan.train(), operation_.add >= 0, operation_.relu >= 0};
  }

  void plan_forward(Plan& plan) {
    if (own_forward_) {
      forward_ = winograd_call(plan, forward_task(plan), {in_, out_, used_weights_, used_bias_});
      return;
    }
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, in_}, {DNNL_ARG_WEIGHTS, used_weights_}, {DNNL_ARG_DST, out_}};
    if (used_bias_) arguments.emplace_back(DNNL_ARG_BIAS, used_bias_);
    forward_ = plan.call(description_, Forward(description_), arguments);
  }

  Forward::primitive_desc describe_forward(Plan& plan, dnnl::algorithm algorithm, const Desc& in) const {
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    const Geometry& g = geometry_;
    Desc out = plan.any_layout(plan.layer(operation_.layer).shape), weights = any_weights(in.data_type());
    Forward::desc wanted =
        has_bias() ? Forward::desc(kind, algorithm, in, weights, bias_layout(), out, g.strides, g.before, g.after)
                   : Forward::desc(kind, algorithm, in, weights, out, g.strides, g.before, g.after);
    dnnl::post_ops after;
    if (operation_.add >= 0) after.append_sum();
    if (operation_.relu >= 0) after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
    if (operation_.activation >= 0) append_activation(after, plan.layer(operation_.activation).kind);
    dnnl::primitive_attr attributes = plan.attributes();
    attributes.set_post_ops(after);
    return {wanted, attributes, plan.engine()};
  }

  // Estimating needs the weights only as the kernel wants them, with the normalisation in them.
  void take_parameters(Plan& plan) {
    if (!plan.train()) {
      used_weights_ = plan.pinned(own_forward_ ? winograd_points(winograd_) : description_.weights_desc());
      if (has_bias()) used_bias_ = plan.pinned(bias_layout());
      if (operation_.normalisation >= 0)
        epsilon_ = std::get<layer::BatchNorm>(plan.layer(operation_.normalisation).kind).epsilon;
      return;
    }
    int first = plan.first_parameter(operation_.layer);
    Desc layout = own_forward_ ? winograd_weights(winograd_) : description_.weights_desc();
    weights_ = plan.parameter(first, {plain_weights(), layout});
    if (options_.bias) bias_ = plan.parameter(first + 1, plan.vector_layout(options_.channels));
    used_weights_ = weights_;
    used_bias_ = bias_;
  }

  // A residual add adds to what lies in the output before: the other input itself if nobody needs it afterwards, nor
  // the convolution while it goes on.
  void take_output(Plan& plan) {
    if (operation_.add < 0) {
      out_ = plan.allocate(description_.dst_desc());
      return;
    }
    Tensor other = plan.value(operation_.other);
    bool alike = other.layout() == description_.dst_desc();
    if (alike && other.buffer != in_.buffer && plan.is_last_reader(operation_.other, operation_)) {
      out_ = other;
      return;
    }
    out_ = plan.allocate(description_.dst_desc());
    if (alike) {
      other_ = other;
    } else {
      reorder_other_ = plan.reorder(other, out_);
    }
  }

  void use_weights(const float* plain) {
    if (own_forward_) return winograd_take_weights(winograd_, plain, used_weights_);
    reorder(used_weights_.memory.get_engine(), plain_weights(), plain, used_weights_.layout(), used_weights_.data());
  }

  // γ / √(variance + ε) goes into each output channel's weights, which are returned, the rest into the bias.
  std::vector<float> fold(const ParameterMap& map, std::span<const float> all) {
    int first = map.first_of(operation_.layer), norm = map.first_of(operation_.normalisation);
    auto channels = static_cast<std::size_t>(options_.channels);
    std::span<const float> plain = map.part(all, first), gamma = map.part(all, norm), beta = map.part(all, norm + 1),
                           mean = map.part(all, norm + 2), variance = map.part(all, norm + 3);
    std::vector<float> weights(plain.begin(), plain.end());
    std::size_t inputs = weights.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      auto scale = static_cast<float>(gamma[c] / std::sqrt(variance[c] + epsilon_));
      for (std::size_t i = 0; i < inputs; ++i) weights[c * inputs + i] *= scale;
      float bias = options_.bias ? map.part(all, first + 1)[c] : 0;
      used_bias_.data()[c] = beta[c] + scale * (bias - mean[c]);
    }
    return weights;
  }

  using BackwardWeights = dnnl::convolution_backward_weights;
  using BackwardData = dnnl::convolution_backward_data;

  BackwardWeights::primitive_desc describe_backward_weights(Plan& plan, dnnl::algorithm algorithm,
                                                            const Desc& weights) const {
    const Geometry& g = geometry_;
    BackwardWeights::desc wanted =
        options_.bias
            ? BackwardWeights::desc(algorithm, in_.layout(), weights, bias_layout(), out_.layout(), g.strides, g.before,
                                    g.after)
            : BackwardWeights::desc(algorithm, in_.layout(), weights, out_.layout(), g.strides, g.before, g.after);
    return {wanted, plan.attributes(), plan.engine(), description_};
  }

  BackwardData::primitive_desc describe_backward_data(Plan& plan, dnnl::algorithm algorithm,
                                                      const Desc& weights) const {
    const Geometry& g = geometry_;
    return {{algorithm, in_.layout(), weights, out_.layout(), g.strides, g.before, g.after},
            plan.attributes(),
            plan.engine(),
            description_};
  }

  template <class Description>
  struct Chosen {
    std::optional<Description> onednn;  // nothing: ours, or oneDNN has but its plain loop
    bool own = false;
  };

  // The fastest of the kernels of one backward pass. `describe` takes an algorithm and the layout of the weights: their
  // own where the kernel takes it, else what it wants.
  template <class Primitive, class Describe, class Arguments>
  auto choose_backward(Plan& plan, const char* pass, const WinogradTask& own, Describe describe, Arguments arguments)
      -> Chosen<typename Primitive::primitive_desc> {
    std::vector<typename Primitive::primitive_desc> ways;
    std::vector<Candidate> candidates;
    auto consider = [&](const char* name, dnnl::algorithm algorithm) {
      auto way = if_fast([&] { return describe(algorithm, weights_.layout()); });
      if (!way) way = if_fast([&] { return describe(algorithm, any_weights()); });
      if (!way) return;
      std::vector<std::pair<int, Desc>> layouts = arguments(*way);
      candidates.push_back(candidate<Primitive>(plan, name, *way, layouts, layouts.front().second));
      ways.push_back(*way);
    };
    consider("direct", kDirect);
    if (fits_winograd(options_)) consider("winograd", kWinograd);
    if (ways.empty()) return {};
    if (fits_own(in_.layout(), out_.layout())) candidates.push_back(winograd_candidate(plan, own));
    std::size_t chosen = plan.chooser().choose(key(plan, pass), candidates);
    if (chosen == ways.size()) return {{}, true};
    return {ways[chosen]};
  }

  void compute_weight_gradient() override {
    if (thin_gradient_) (*thin_gradient_)(changed_);
    WeightedStep::compute_weight_gradient();
  }

  void plan_backward_weights(Plan& plan) override {
    plan.keep(in_);
    int first = plan.first_parameter(operation_.layer);
    weight_gradient_ = plan.gradient_of_parameter(first, weights_.layout());
    if (options_.bias) bias_gradient_ = plan.gradient_of_parameter(first + 1, bias_layout());
    WinogradTask own{winograd_, WinogradPass::backward_weights, options_.bias};
    auto chosen = choose_backward<BackwardWeights>(
        plan, "backward weights", own,
        [&](dnnl::algorithm algorithm, const Desc& weights) {
          return describe_backward_weights(plan, algorithm, weights);
        },
        [&](const BackwardWeights::primitive_desc& way) {
          std::vector<std::pair<int, Desc>> arguments{{DNNL_ARG_SRC, way.src_desc()},
                                                      {DNNL_ARG_DIFF_DST, way.diff_dst_desc()},
                                                      {DNNL_ARG_DIFF_WEIGHTS, way.diff_weights_desc()}};
          if (options_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, bias_layout());
          return arguments;
        });
    if (chosen.own) {
      note(name_, "backward weights own winograd");
      Tensor found = weight_gradient_as(plan, weight_gradient_, winograd_weights(winograd_));
      backward_weights_ = winograd_call(plan, own, {in_, changed_, found, bias_gradient_});
      return;
    }
    if (!chosen.onednn && has_thin_gradient(options_, in_, out_)) {
      thin_gradient_ = std::make_unique<ThinGradient>(plan, thin_shape(plan), in_, weight_gradient_, bias_gradient_);
      note(name_, "backward weights own");
      return;
    }
    if (!chosen.onednn && plan_depthwise_gradient(plan)) return;
    BackwardWeights::primitive_desc description =
        chosen.onednn ? *chosen.onednn : describe_backward_weights(plan, kDirect, any_weights());
    note(name_, "backward weights", description);
    Tensor found = weight_gradient_as(plan, weight_gradient_, description.diff_weights_desc());
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, in_}, {DNNL_ARG_DIFF_DST, changed_}, {DNNL_ARG_DIFF_WEIGHTS, found}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, bias_gradient_);
    backward_weights_ = plan.call(description, BackwardWeights(description), arguments);
  }

  bool plan_depthwise_gradient(Plan& plan) {
    const Shape &in = plan.layer(input_).shape, &out = plan.layer(operation_.layer).shape;
    int block = channel_block(in_.layout());
    bool depthwise = options_.groups == in.channels && options_.channels == in.channels;
    if (!depthwise || block == 0 || channel_block(out_.layout()) != block) return false;
    note(name_, "backward weights own depthwise");
    DepthwiseShape shape{plan.batch(),          block,           in,          out, options_.kernel_height,
                         options_.kernel_width, options_.stride, options_.pad};
    Tensor found = weight_gradient_as(plan, weight_gradient_, plain_weights());
    backward_weights_ = Call([shape, from = in_, by = changed_, found, bias = bias_gradient_] {
      depthwise_weight_gradient(shape, from.data(), by.data(), found.data(), bias ? bias.data() : nullptr);
    });
    return true;
  }

  ThinShape thin_shape(const Plan& plan) const {
    return {plan.layer(input_).shape, plan.layer(operation_.layer).shape,
            options_.kernel_height,   options_.kernel_width,
            options_.stride,          options_.pad};
  }

  void plan_backward_data(Plan& plan) override {
    // Most kernels want the weights with input and output channels exchanged: a reorder of little.
    WinogradTask own{winograd_, WinogradPass::backward_data};
    auto chosen = choose_backward<BackwardData>(
        plan, "backward data", own,
        [&](dnnl::algorithm algorithm, const Desc& weights) {
          return describe_backward_data(plan, algorithm, weights);
        },
        [](const BackwardData::primitive_desc& way) {
          return std::vector<std::pair<int, Desc>>{{DNNL_ARG_DIFF_DST, way.diff_dst_desc()},
                                                   {DNNL_ARG_WEIGHTS, way.weights_desc()},
                                                   {DNNL_ARG_DIFF_SRC, way.diff_src_desc()}};
        });
    if (chosen.own) {
      note(name_, "backward data own winograd");
      Tensor weights = weights_as(plan, winograd_weights(winograd_)), to_input = input_gradient(plan);
      backward_data_ = winograd_call(plan, own, {to_input, changed_, weights, {}});
      return;
    }
    if (!chosen.onednn && plan_plain_backward_data(plan)) return;
    BackwardData::primitive_desc description =
        chosen.onednn ? *chosen.onednn : describe_backward_data(plan, kDirect, any_weights());
    note(name_, "backward data", description);
    Tensor weights = weights_as(plan, description.weights_desc()), to_input = input_gradient(plan);
    backward_data_ =
        plan.call(description, BackwardData(description),
                  {{DNNL_ARG_DIFF_DST, changed_}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_SRC, to_input}});
  }

  // In canonical layout, by a product of matrices. With AVX2 oneDNN's direct kernel refuses some shapes with a stride,
  // such as 30×30 → 14×14, where the plain loop would take a thousand times as long. False: it has no such kernel
  // either.
  bool plan_plain_backward_data(Plan& plan) {
    const Geometry& g = geometry_;
    Desc in = plan.canonical_layout(plan.layer(input_).shape),
         out = plan.canonical_layout(plan.layer(operation_.layer).shape);
    auto way = if_fast([&]() -> BackwardData::primitive_desc {
      Forward::desc forward(dnnl::prop_kind::forward_training, kDirect, in, any_weights(), out, g.strides, g.before,
                            g.after);
      return {{kDirect, in, any_weights(), out, g.strides, g.before, g.after},
              plan.attributes(),
              plan.engine(),
              Forward::primitive_desc(forward, plan.attributes(), plan.engine())};
    });
    if (!way) return false;
    note(name_, "backward data", *way);
    Tensor weights = weights_as(plan, way->weights_desc()), to_input = input_gradient(plan);
    Tensor plain_changed = plan.allocate(out), plain_to_input = plan.allocate(in);
    Call before = plan.reorder(changed_, plain_changed), after = plan.reorder(plain_to_input, to_input);
    Call data = plan.call(
        *way, BackwardData(*way),
        {{DNNL_ARG_DIFF_DST, plain_changed}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_SRC, plain_to_input}});
    backward_data_ = Call([before, data, after] {
      before();
      data();
      after();
    });
    return true;
  }

  layer::Convolution options_;
  Geometry geometry_;
  WinogradShape winograd_;  // means something where fits_own() says so
  Forward::primitive_desc description_;
  bool own_forward_ = false;
  std::string activation_;  // computed along, other than ReLU
  Tensor other_, used_weights_, used_bias_;
  double epsilon_ = 0;
  Tensor weight_gradient_, bias_gradient_;
  std::unique_ptr<ThinGradient> thin_gradient_;
  Call reorder_other_;
};

}  // namespace

std::unique_ptr<Step> make_convolution(Plan& plan, const Operation& operation) {
  return std::make_unique<Convolution>(plan, operation);
}

}  // namespace agewise::nn::cpu
