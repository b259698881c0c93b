// The two backward passes of a convolution.
#include <optional>

#include "agewise/nn/cpu/kernels/depthwise_gradient.h"
#include "agewise/nn/cpu/plan/layouts.h"
#include "agewise/nn/cpu/plan/trial.h"
#include "agewise/nn/cpu/steps/convolution.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;
constexpr auto kWinograd = dnnl::algorithm::convolution_winograd;

template <class Description>
struct Chosen {
  std::optional<Description> onednn;  // nothing: ours, or oneDNN has only its reference loop
  bool own_winograd = false;
};

}  // namespace

// The fastest of the kernels of one backward pass. `describe` takes an algorithm and the layout of the weights: their
// own where the kernel takes it, else what it wants. `arguments` are the layouts of a description, by argument.
template <class Primitive, class Describe, class Arguments>
auto Convolution::choose_backward(Plan& plan, const char* pass, const WinogradTask& own, Describe describe,
                                  Arguments arguments) {
  using Description = typename Primitive::primitive_desc;
  std::vector<Description> ways;
  std::vector<Candidate> candidates;
  auto consider = [&](const char* name, dnnl::algorithm algorithm) {
    auto way = if_fast([&] { return describe(algorithm, weights_.layout()); });
    if (!way) way = if_fast([&] { return describe(algorithm, geometry_.any_weights()); });
    if (!way) return;
    std::vector<std::pair<int, Desc>> layouts = arguments(*way);
    candidates.push_back(candidate<Primitive>(plan, name, *way, layouts, layouts.front().second));
    ways.push_back(*way);
  };
  consider("direct", kDirect);
  if (is_winograd_shape()) consider("winograd", kWinograd);
  if (ways.empty()) return Chosen<Description>{};
  if (fits_own_winograd(in_.layout(), out_.layout())) candidates.push_back(winograd_candidate(plan, own));
  std::size_t chosen = plan.chooser().choose(key(plan, pass), candidates);
  if (chosen == ways.size()) return Chosen<Description>{{}, true};
  return Chosen<Description>{ways[chosen]};
}

void Convolution::compute_weight_gradient() {
  if (thin_gradient_) (*thin_gradient_)(changed_);
  WeightedStep::compute_weight_gradient();
}

void Convolution::plan_backward_weights(Plan& plan) {
  plan.keep(in_);
  int first = plan.first_parameter(operation_.layer);
  weight_gradient_ = plan.gradient_of_parameter(first, weights_.layout());
  if (options_.bias) bias_gradient_ = plan.gradient_of_parameter(first + 1, geometry_.bias());
  auto describe = [&](dnnl::algorithm algorithm, const Desc& weights) {
    return describe_backward_weights(plan, geometry_, {algorithm, in_.layout(), weights, out_.layout()}, options_.bias,
                                     description_);
  };
  WinogradTask own{winograd_, WinogradPass::backward_weights, options_.bias};
  auto chosen = choose_backward<ConvolutionBackwardWeights>(
      plan, "backward weights", own, describe, [&](const ConvolutionBackwardWeights::primitive_desc& way) {
        std::vector<std::pair<int, Desc>> arguments{{DNNL_ARG_SRC, way.src_desc()},
                                                    {DNNL_ARG_DIFF_DST, way.diff_dst_desc()},
                                                    {DNNL_ARG_DIFF_WEIGHTS, way.diff_weights_desc()}};
        if (options_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, geometry_.bias());
        return arguments;
      });
  if (chosen.own_winograd) {
    note(name_, "backward weights own winograd");
    Tensor found = weight_gradient_as(plan, weight_gradient_, winograd_weights(winograd_));
    backward_weights_ = winograd_call(plan, own, {in_, changed_, found, bias_gradient_});
    return;
  }
  if (!chosen.onednn && (plan_thin_gradient(plan) || plan_depthwise_gradient(plan))) return;
  ConvolutionBackwardWeights::primitive_desc description =
      chosen.onednn ? *chosen.onednn : describe(kDirect, geometry_.any_weights());
  note(name_, "backward weights", description);
  Tensor found = weight_gradient_as(plan, weight_gradient_, description.diff_weights_desc());
  std::vector<std::pair<int, Tensor>> arguments{
      {DNNL_ARG_SRC, in_}, {DNNL_ARG_DIFF_DST, changed_}, {DNNL_ARG_DIFF_WEIGHTS, found}};
  if (options_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, bias_gradient_);
  backward_weights_ = plan.call(description, ConvolutionBackwardWeights(description), arguments);
}

bool Convolution::plan_thin_gradient(Plan& plan) {
  if (!has_thin_gradient(options_, in_, out_)) return false;
  ThinShape shape{plan.layer(input_).shape, plan.layer(operation_.layer).shape,
                  options_.kernel_height,   options_.kernel_width,
                  options_.stride,          options_.pad};
  thin_gradient_ = std::make_unique<ThinGradient>(plan, shape, in_, weight_gradient_, bias_gradient_);
  note(name_, "backward weights own");
  return true;
}

bool Convolution::plan_depthwise_gradient(Plan& plan) {
  const Shape &in = plan.layer(input_).shape, &out = plan.layer(operation_.layer).shape;
  int block = channel_block(in_.layout());
  bool depthwise = options_.groups == in.channels && options_.channels == in.channels;
  if (!depthwise || block == 0 || channel_block(out_.layout()) != block) return false;
  note(name_, "backward weights own depthwise");
  DepthwiseShape shape{plan.batch(),          block,           in,          out, options_.kernel_height,
                       options_.kernel_width, options_.stride, options_.pad};
  Tensor found = weight_gradient_as(plan, weight_gradient_, geometry_.canonical_weights());
  backward_weights_ = Call([shape, from = in_, by = changed_, found, bias = bias_gradient_] {
    depthwise_weight_gradient(shape, from.data(), by.data(), found.data(), bias ? bias.data() : nullptr);
  });
  return true;
}

// Most kernels want the weights with input and output channels exchanged: a reorder of little.
void Convolution::plan_backward_data(Plan& plan) {
  auto describe = [&](dnnl::algorithm algorithm, const Desc& weights) {
    return describe_backward_data(plan, geometry_, {algorithm, in_.layout(), weights, out_.layout()}, description_);
  };
  WinogradTask own{winograd_, WinogradPass::backward_data};
  auto chosen = choose_backward<ConvolutionBackwardData>(
      plan, "backward data", own, describe, [](const ConvolutionBackwardData::primitive_desc& way) {
        return std::vector<std::pair<int, Desc>>{{DNNL_ARG_DIFF_DST, way.diff_dst_desc()},
                                                 {DNNL_ARG_WEIGHTS, way.weights_desc()},
                                                 {DNNL_ARG_DIFF_SRC, way.diff_src_desc()}};
      });
  if (chosen.own_winograd) {
    note(name_, "backward data own winograd");
    Tensor weights = weights_as(plan, winograd_weights(winograd_)), to_input = input_gradient(plan);
    backward_data_ = winograd_call(plan, own, {to_input, changed_, weights, {}});
    return;
  }
  if (!chosen.onednn && plan_canonical_backward_data(plan)) return;
  ConvolutionBackwardData::primitive_desc description =
      chosen.onednn ? *chosen.onednn : describe(kDirect, geometry_.any_weights());
  note(name_, "backward data", description);
  Tensor weights = weights_as(plan, description.weights_desc()), to_input = input_gradient(plan);
  backward_data_ =
      plan.call(description, ConvolutionBackwardData(description),
                {{DNNL_ARG_DIFF_DST, changed_}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_SRC, to_input}});
}

// By a product of matrices. With AVX2 oneDNN's direct kernel refuses some shapes with a stride, such as 30×30 → 14×14,
// where the reference loop would take a thousand times as long.
bool Convolution::plan_canonical_backward_data(Plan& plan) {
  Desc in = plan.canonical_layout(plan.layer(input_).shape),
       out = plan.canonical_layout(plan.layer(operation_.layer).shape);
  auto way = if_fast([&] {
    return describe_backward_data(plan, geometry_, {kDirect, in, geometry_.any_weights(), out},
                                  describe_forward(plan, geometry_, {kDirect, in, out, /*bias=*/false}));
  });
  if (!way) return false;
  note(name_, "backward data", *way);
  Tensor weights = weights_as(plan, way->weights_desc()), to_input = input_gradient(plan);
  Tensor canonical_changed = plan.allocate(out), canonical_to_input = plan.allocate(in);
  Call before = plan.reorder(changed_, canonical_changed), after = plan.reorder(canonical_to_input, to_input);
  Call data = plan.call(
      *way, ConvolutionBackwardData(*way),
      {{DNNL_ARG_DIFF_DST, canonical_changed}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_SRC, canonical_to_input}});
  backward_data_ = Call([before, data, after] {
    before();
    data();
    after();
  });
  return true;
}

}  // namespace agewise::nn::cpu
