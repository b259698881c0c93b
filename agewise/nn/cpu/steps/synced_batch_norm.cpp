// Batch normalisation by the statistics of a batch that several processes share, with ReLU. oneDNN's normalises by
// statistics that it is given, but its backward pass then takes them for constants.
//
// With N numbers of a channel in all processes, x̂ = (x - mean)/deviation and dy the gradient behind the ReLU:
//   β' = Σ dy, γ' = Σ dy·x̂, gradient of x = γ/deviation · (dy - β'/N - x̂·γ'/N)   (Ioffe and Szegedy, ICML 2015, §3)
// with the sums over all processes; the gradients of γ and β themselves are this process's share, and are summed with
// all others.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "agewise/nn/cpu/steps/channels.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

class SyncedBatchNorm : public Step {
 public:
  SyncedBatchNorm(Plan& plan, const Operation& operation)
      : operation_(operation),
        input_(plan.layer(operation.layer).inputs[0]),
        options_(std::get<layer::BatchNorm>(plan.layer(operation.layer).kind)),
        reducer_(*plan.statistics_reducer()) {
    in_ = walkable(plan, plan.value(input_), to_plain_);
    all_ = channels_of(in_.layout());
    int first = plan.first_parameter(operation.layer);
    ParameterLayout layout = plan.vector_layout(plan.layer(operation.layer).shape.channels);
    gamma_ = plan.parameter(first, layout);
    beta_ = plan.parameter(first + 1, layout);
    running_mean_ = plan.parameter(first + 2, layout);
    running_variance_ = plan.parameter(first + 3, layout);
    out_ = plan.allocate(in_.layout());
    plan.define(operation.output, out_);
    auto channels = static_cast<std::size_t>(all_.channels);
    sums_.resize(2 * channels + 1);
    for (std::vector<float>* values : {&mean_, &inverse_, &scale_, &shift_, &of_beta_, &of_gamma_})
      values->resize(channels);
    note(plan.layer(operation.layer).name, "own normalisation over processes");
  }

  void plan_backward(Plan& plan) override {
    wanted_ = plan.wants_gradient(input_);
    if (!plan.learns(operation_.layer) && !wanted_) return;
    plan.keep(in_);
    gradient_ = plan.gradient(operation_.output);
    int first = plan.first_parameter(operation_.layer);
    gamma_gradient_ = plan.gradient_of_parameter(first, gamma_.layout());
    beta_gradient_ = plan.gradient_of_parameter(first + 1, beta_.layout());
    if (!wanted_) return;
    to_input_ = plan.allocate(in_.layout());
    plan.pass_gradient(to_input_, input_);
  }

  void forward(const Pass& pass) override {
    if (to_plain_) to_plain_();
    const float* in = in_.data();
    add_up([=](std::int64_t i, std::int64_t) { return std::pair(in[i], in[i]); });
    reducer_.sum(sums_);
    take_statistics(pass.update_statistics);
    float* out = out_.data();
    const float *scale = scale_.data(), *shift = shift_.data();
    float least = operation_.relu >= 0 ? 0 : -std::numeric_limits<float>::infinity();
    for_each_number(all_, out, [=](std::int64_t i, std::int64_t c, std::int64_t) {
      out[i] = std::max(least, scale[c] * in[i] + shift[c]);
    });
  }

  void backward(const Pass&) override {
    if (!gradient_) return;
    const float *in = in_.data(), *gradient = gradient_.data();
    const float *mean = mean_.data(), *inverse = inverse_.data(), *scale = scale_.data(), *shift = shift_.data();
    bool relu = operation_.relu >= 0;
    auto behind_relu = [=](std::int64_t i, std::int64_t c) {
      return relu && scale[c] * in[i] + shift[c] <= 0 ? 0 : gradient[i];
    };
    add_up(
        [=](std::int64_t i, std::int64_t c) { return std::pair(behind_relu(i, c), (in[i] - mean[c]) * inverse[c]); });
    std::size_t channels = mean_.size();
    for (std::size_t c = 0; c < channels; ++c) {
      beta_gradient_.data()[c] = static_cast<float>(sums_[c]);
      gamma_gradient_.data()[c] = static_cast<float>(sums_[channels + c]);
    }
    if (!wanted_) return;
    reducer_.sum(sums_);
    for (std::size_t c = 0; c < channels; ++c) {
      of_beta_[c] = static_cast<float>(sums_[c] / sums_.back());
      of_gamma_[c] = static_cast<float>(sums_[channels + c] / sums_.back());
    }
    float* to_input = to_input_.data();
    for_each_number(all_, to_input, [&](std::int64_t i, std::int64_t c, std::int64_t) {
      auto at = static_cast<std::size_t>(c);
      float normalised = (in[i] - mean[c]) * inverse[c];
      to_input[i] = scale[c] * (behind_relu(i, c) - of_beta_[at] - normalised * of_gamma_[at]);
    });
  }

 private:
  // Into sums_: of each channel the sum of a and the sum of a·b, which pair(i, c) gives for each of its numbers, and
  // how many these are.
  template <class Pair>
  void add_up(Pair pair) {
    for_each_block(all_, [&](std::int64_t b) {
      std::array<double, kLargestBlock> first{}, products{};
      std::int64_t begin = b * all_.block;
      for (std::int64_t n = 0; n < all_.batch; ++n) {
        for_each_of_block(all_, n, b, [&](std::int64_t i, std::int64_t c) {
          auto [value, factor] = pair(i, c);
          auto k = static_cast<std::size_t>(c - begin);
          first[k] += value;
          products[k] += static_cast<double>(value) * factor;
        });
      }
      for (std::int64_t c = begin; c < std::min(begin + all_.block, all_.channels); ++c) {
        sums_[static_cast<std::size_t>(c)] = first[static_cast<std::size_t>(c - begin)];
        sums_[static_cast<std::size_t>(all_.channels + c)] = products[static_cast<std::size_t>(c - begin)];
      }
    });
    sums_.back() = static_cast<double>(all_.batch * all_.pixels);
  }

  // From the sums of x and x² over all processes, which are double: their difference keeps what a float has.
  void take_statistics(bool update_running) {
    double count = sums_.back(), keep = options_.momentum, unbias = count > 1 ? count / (count - 1) : 1;
    for (std::size_t c = 0; c < mean_.size(); ++c) {
      double mean = sums_[c] / count, variance = std::max(0.0, sums_[mean_.size() + c] / count - mean * mean);
      double inverse = 1 / std::sqrt(variance + options_.epsilon);
      mean_[c] = static_cast<float>(mean);
      inverse_[c] = static_cast<float>(inverse);
      scale_[c] = static_cast<float>(gamma_.data()[c] * inverse);
      shift_[c] = static_cast<float>(beta_.data()[c] - gamma_.data()[c] * inverse * mean);
      if (!update_running) continue;
      float &of_mean = running_mean_.data()[c], &of_variance = running_variance_.data()[c];
      of_mean = static_cast<float>(keep * of_mean + (1 - keep) * mean);
      of_variance = static_cast<float>(keep * of_variance + (1 - keep) * unbias * variance);
    }
  }

  Operation operation_;
  int input_;
  layer::BatchNorm options_;
  GradientReducer& reducer_;
  Channels all_{};
  bool wanted_ = false;  // the input's gradient
  Call to_plain_;
  Tensor in_, out_, gamma_, beta_, running_mean_, running_variance_;
  Tensor gradient_, to_input_, gamma_gradient_, beta_gradient_;
  std::vector<double> sums_;                           // of each channel two, and how many numbers a channel has
  std::vector<float> mean_, inverse_, scale_, shift_;  // of each channel; normalised is scale · x + shift
  std::vector<float> of_beta_, of_gamma_;              // β'/N and γ'/N
};

}  // namespace

std::unique_ptr<Step> make_synced_batch_norm(Plan& plan, const Operation& operation) {
  return std::make_unique<SyncedBatchNorm>(plan, operation);
}

}  // namespace agewise::nn::cpu
