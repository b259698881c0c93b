#include "agewise/nn/cpu/steps/convolution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "agewise/nn/cpu/kernels/elementwise.h"
#include "agewise/nn/cpu/plan/layouts.h"
#include "agewise/nn/cpu/plan/trial.h"
#include "agewise/nn/cpu/steps/activation.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;
constexpr auto kWinograd = dnnl::algorithm::convolution_winograd;  // F(4×4, 3×3), some F(2×2, 3×3); AVX-512 only

struct NormalisationParameters {
  std::span<const float> gamma, beta, mean, variance;
  double epsilon;
};

// The convolution's weights with the batch normalisation behind it in them: γ / √(variance + ε) times those of each
// output channel. Into `bias`, one a channel, goes the rest. `own_bias`: the convolution's, or empty.
std::vector<float> fold(std::span<const float> weights, std::span<const float> own_bias,
                        const NormalisationParameters& norm, std::span<float> bias) {
  std::vector<float> folded(weights.begin(), weights.end());
  std::size_t channels = bias.size(), inputs = weights.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    auto scale = static_cast<float>(norm.gamma[c] / std::sqrt(norm.variance[c] + norm.epsilon));
    for (std::size_t i = 0; i < inputs; ++i) folded[c * inputs + i] *= scale;
    bias[c] = norm.beta[c] + scale * ((own_bias.empty() ? 0 : own_bias[c]) - norm.mean[c]);
  }
  return folded;
}

}  // namespace

Convolution::Convolution(Plan& plan, const Operation& operation)
    : WeightedStep(plan, operation, std::get<layer::Convolution>(plan.layer(operation.layer).kind).bias),
      options_(std::get<layer::Convolution>(plan.layer(operation.layer).kind)),
      geometry_(geometry_of_convolution(plan, plan.layer(operation.layer), plan.layer(input_).shape)),
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

void Convolution::set_parameters(const ParameterMap& map, std::span<const float> all) {
  int first = map.first_of(operation_.layer);
  std::span<const float> weights = map.part(all, first), bias;
  if (options_.bias) bias = map.part(all, first + 1);
  if (operation_.normalisation < 0) {
    use_weights(weights.data());
    if (used_bias_) std::ranges::copy(bias, used_bias_.data());
    return;
  }
  int norm = map.first_of(operation_.normalisation);
  NormalisationParameters parameters{map.part(all, norm), map.part(all, norm + 1), map.part(all, norm + 2),
                                     map.part(all, norm + 3), epsilon_};
  auto channels = static_cast<std::size_t>(options_.channels);
  use_weights(fold(weights, bias, parameters, {used_bias_.data(), channels}).data());
}

void Convolution::forward(const Pass&) {
  if (reorder_in_) reorder_in_();
  if (other_) copy(other_.data(), out_.data(), out_.floats());
  if (reorder_other_) reorder_other_();
  forward_();
}

std::string Convolution::key(const Plan& plan, const char* pass) const {
  const Shape &in = plan.layer(input_).shape, &out = plan.layer(operation_.layer).shape;
  bool bfloat16 = plan.chooser().bfloat16 && !plan.train();
  return fmt::format("convolution {}×{}×{}×{} → {}×{}×{}, {}×{}, stride {}, {} groups, block {}, {} {}{}{}{}{}",
                     plan.batch(), in.channels, in.height, in.width, out.channels, out.height, out.width,
                     options_.kernel_height, options_.kernel_width, options_.stride, options_.groups,
                     channel_block(in_.layout()), plan.train() ? "train" : "infer", pass,
                     operation_.add >= 0 ? ", sum" : "", operation_.relu >= 0 ? ", ReLU" : "",
                     activation_.empty() ? "" : ", " + activation_, bfloat16 ? ", or bfloat16" : "");
}

bool Convolution::is_winograd_shape() const {
  return options_.kernel_height == 3 && options_.kernel_width == 3 && options_.stride == 1 && options_.groups == 1;
}

bool Convolution::fits_own_winograd(const Desc& in, const Desc& out) const {
  return is_winograd_shape() && winograd_fits(winograd_) && in == winograd_activations(winograd_.batch, winograd_.in) &&
         out == winograd_activations(winograd_.batch, winograd_.out);
}

void Convolution::choose_forward(Plan& plan) {
  const Desc &any = geometry_.any_in, &out = geometry_.any_out;
  dnnl::post_ops along = computed_along(plan);
  auto describe = [&](dnnl::algorithm algorithm, const Desc& in) {
    return describe_forward(plan, geometry_, {algorithm, in, out, has_bias(), along});
  };
  std::vector<ConvolutionForward::primitive_desc> ways{describe(kDirect, any)};
  std::vector<std::string> names{"direct"};
  auto consider = [&](const char* name, dnnl::algorithm algorithm, const Desc& in) {
    auto way = if_fast([&] { return describe(algorithm, in); });
    if (!way) return;
    ways.push_back(*way);
    names.emplace_back(name);
  };
  if (ways[0].src_desc() != in_.layout()) consider("direct, input as it is", kDirect, in_.layout());
  if (is_winograd_shape()) consider("winograd", kWinograd, any);
  if (plan.chooser().bfloat16 && !plan.train())
    consider("bfloat16", kDirect, {any.dims(), dnnl::memory::data_type::bf16, dnnl::memory::format_tag::any});
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const ConvolutionForward::primitive_desc& way = ways[i];
    std::vector<std::pair<int, Desc>> arguments{
        {DNNL_ARG_SRC, way.src_desc()}, {DNNL_ARG_WEIGHTS, way.weights_desc()}, {DNNL_ARG_DST, way.dst_desc()}};
    if (has_bias()) arguments.emplace_back(DNNL_ARG_BIAS, geometry_.bias());
    candidates.push_back(candidate<ConvolutionForward>(plan, names[i], way, arguments, in_.layout()));
  }
  // Ours takes the layouts that the first does.
  bool own = activation_.empty() && fits_own_winograd(ways[0].src_desc(), ways[0].dst_desc());
  if (own) candidates.push_back(winograd_candidate(plan, forward_task(plan)));
  std::size_t chosen = plan.chooser().choose(key(plan, "forward"), candidates);
  own_forward_ = own && chosen == ways.size();
  description_ = ways[own_forward_ ? 0 : chosen];
}

dnnl::post_ops Convolution::computed_along(const Plan& plan) const {
  dnnl::post_ops along;
  if (operation_.add >= 0) along.append_sum();
  if (operation_.relu >= 0) along.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
  if (operation_.activation >= 0) append_activation(along, plan.layer(operation_.activation).kind);
  return along;
}

WinogradTask Convolution::forward_task(const Plan& plan) const {
  return {winograd_, WinogradPass::forward, has_bias(), !plan.train(), operation_.add >= 0, operation_.relu >= 0};
}

// Estimating needs the weights only as the kernel wants them, with the normalisation in them.
void Convolution::take_parameters(Plan& plan) {
  if (!plan.train()) {
    used_weights_ = plan.pinned(own_forward_ ? winograd_points(winograd_) : description_.weights_desc());
    if (has_bias()) used_bias_ = plan.pinned(geometry_.bias());
    if (operation_.normalisation >= 0)
      epsilon_ = std::get<layer::BatchNorm>(plan.layer(operation_.normalisation).kind).epsilon;
    return;
  }
  int first = plan.first_parameter(operation_.layer);
  Desc layout = own_forward_ ? winograd_weights(winograd_) : description_.weights_desc();
  weights_ = plan.parameter(first, {geometry_.canonical_weights(), layout});
  if (options_.bias) bias_ = plan.parameter(first + 1, plan.vector_layout(options_.channels));
  used_weights_ = weights_;
  used_bias_ = bias_;
}

// A residual add adds to what lies in the output before: the other input itself if nobody needs it afterwards, nor the
// convolution while it computes.
void Convolution::take_output(Plan& plan) {
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

void Convolution::plan_forward(Plan& plan) {
  if (own_forward_) {
    forward_ = winograd_call(plan, forward_task(plan), {in_, out_, used_weights_, used_bias_});
    return;
  }
  std::vector<std::pair<int, Tensor>> arguments{
      {DNNL_ARG_SRC, in_}, {DNNL_ARG_WEIGHTS, used_weights_}, {DNNL_ARG_DST, out_}};
  if (used_bias_) arguments.emplace_back(DNNL_ARG_BIAS, used_bias_);
  forward_ = plan.call(description_, ConvolutionForward(description_), arguments);
}

void Convolution::use_weights(const float* canonical) {
  if (own_forward_) return winograd_take_weights(winograd_, canonical, used_weights_);
  reorder(used_weights_.memory.get_engine(), geometry_.canonical_weights(), canonical, used_weights_.layout(),
          used_weights_.data());
}

std::unique_ptr<Step> make_convolution(Plan& plan, const Operation& operation) {
  return std::make_unique<Convolution>(plan, operation);
}

}  // namespace agewise::nn::cpu
