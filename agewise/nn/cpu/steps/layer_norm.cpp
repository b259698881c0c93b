// Normalisation over the channels of each pixel, in canonical layout or in blocks of channels: own loops that walk
// memory in order, for a run of pixels at a time. With channels last, while estimating, pixel after pixel.
#include <array>
#include <cmath>

#include "agewise/nn/cpu/steps/channels.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

constexpr std::int64_t kRun = 32;  // pixels
using Sums = std::array<float, kRun * kLargestBlock>;
using Pixels = std::array<float, kRun>;

// A run of pixels of one picture.
struct Run {
  std::int64_t n, first, count;
};

template <class Body>
void for_each_run(const Channels& all, Body body) {
  std::int64_t runs = (all.pixels + kRun - 1) / kRun;
  parallel(all.batch * runs, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t first = i % runs * kRun;
      body(Run{i / runs, first, std::min(kRun, all.pixels - first)});
    }
  });
}

// Calls body(i, pixel, c) for each number of channel block b in the run, in memory's order.
template <class Body>
void for_each_of_run(const Channels& all, const Run& run, std::int64_t b, Body body) {
  std::int64_t begin = all.start(run.n, b) + run.first * all.block, first = b * all.block;
  std::int64_t count = std::min(all.block, all.channels - first);
  if (all.block == 1) {
    for (std::int64_t p = 0; p < run.count; ++p) body(begin + p, p, first);
    return;
  }
  for (std::int64_t p = 0; p < run.count; ++p) {
    for (std::int64_t k = 0; k < count; ++k) body(begin + p * all.block + k, p, first + k);
  }
}

// Of each pixel of the run the mean over channels of value(i, pixel, c).
template <class Value>
Pixels means_of(const Channels& all, const Run& run, Value value) {
  Sums sums{};
  for (std::int64_t b = 0; b < all.blocks(); ++b) {
    for_each_of_run(all, run, b, [&](std::int64_t i, std::int64_t p, std::int64_t c) {
      sums[static_cast<std::size_t>(p * all.block + c % all.block)] += value(i, p, c);
    });
  }
  Pixels means{};
  for (std::int64_t p = 0; p < run.count; ++p) {
    double sum = 0;
    for (std::int64_t k = 0; k < all.block; ++k) sum += sums[static_cast<std::size_t>(p * all.block + k)];
    means[static_cast<std::size_t>(p)] = static_cast<float>(sum / static_cast<double>(all.channels));
  }
  return means;
}

// The mean of value(c) over all channels, in as many sums as a vector has numbers.
template <class Value>
float mean_of(std::int64_t channels, Value value) {
  std::array<float, kLargestBlock> sums{};
  std::int64_t c = 0;
  for (; c + kLargestBlock <= channels; c += kLargestBlock) {
    for (std::int64_t k = 0; k < kLargestBlock; ++k) sums[static_cast<std::size_t>(k)] += value(c + k);
  }
  double sum = 0;
  for (; c < channels; ++c) sum += value(c);
  for (float part : sums) sum += part;
  return static_cast<float>(sum / static_cast<double>(channels));
}

class LayerNorm : public Step {
 public:
  LayerNorm(Plan& plan, const Operation& operation)
      : layer_(operation.layer),
        input_(plan.layer(operation.layer).inputs[0]),
        epsilon_(std::get<layer::LayerNorm>(plan.layer(operation.layer).kind).epsilon) {
    in_ = walkable(plan, plan.value(input_), to_plain_);
    channels_ = channels_of(in_.layout());
    int first = plan.first_parameter(layer_);
    ParameterLayout layout = plan.vector_layout(plan.layer(layer_).shape.channels);
    gamma_ = plan.parameter(first, layout);
    beta_ = plan.parameter(first + 1, layout);
    Desc pixels({channels_.batch * channels_.pixels}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
    mean_ = plan.allocate(pixels);
    factor_ = plan.allocate(pixels);
    out_ = plan.allocate(in_.layout());
    plan.define(layer_, out_);
    plan.forbid_overwriting(input_);  // backward reads it
    note(plan.layer(layer_).name, "own layer normalisation");
  }

  void plan_backward(Plan& plan) override {
    for (const Tensor& tensor : {in_, mean_, factor_}) plan.keep(tensor);
    gradient_ = plan.gradient(layer_);
    int first = plan.first_parameter(layer_);
    to_gamma_ = plan.gradient_of_parameter(first, gamma_.layout());
    to_beta_ = plan.gradient_of_parameter(first + 1, beta_.layout());
    if (!plan.wants_gradient(input_)) return;
    to_input_ = plan.allocate(in_.layout());
    plan.pass_gradient(to_input_, input_);
  }

  void forward(const Pass&) override {
    if (to_plain_) to_plain_();
    if (channels_.last) return forward_last();
    for_each_run(channels_, [this](const Run& run) { forward(run); });
  }

  void backward(const Pass&) override {
    for_each_block(channels_, [this](std::int64_t b) { sum_for_parameters(b); });
    if (to_input_) for_each_run(channels_, [this](const Run& run) { backward(run); });
  }

 private:
  using Desc = dnnl::memory::desc;

  void forward(const Run& run) {
    const float *in = in_.data(), *gamma = gamma_.data(), *beta = beta_.data();
    float *out = out_.data(), *mean = mean_.data() + place(run), *factor = factor_.data() + place(run);
    Pixels means = means_of(channels_, run, [=](std::int64_t i, std::int64_t, std::int64_t) { return in[i]; });
    std::copy_n(means.begin(), run.count, mean);
    Pixels variances = means_of(channels_, run, [=](std::int64_t i, std::int64_t p, std::int64_t) {
      float centred = in[i] - mean[p];
      return centred * centred;
    });
    for (std::int64_t p = 0; p < run.count; ++p)
      factor[p] = static_cast<float>(1 / std::sqrt(variances[static_cast<std::size_t>(p)] + epsilon_));
    write(run, out, [=](std::int64_t i, std::int64_t p, std::int64_t c) {
      out[i] = gamma[c] * factor[p] * (in[i] - mean[p]) + beta[c];
    });
  }

  void forward_last() {
    std::int64_t channels = channels_.channels;
    const float *gamma = gamma_.data(), *beta = beta_.data();
    for_each_pixel_last(channels_, [=, this](std::int64_t i, std::int64_t) {
      const float* in = in_.data() + i;
      float *out = out_.data() + i, mean = mean_of(channels, [=](std::int64_t c) { return in[c]; });
      float variance = mean_of(channels, [=](std::int64_t c) { return (in[c] - mean) * (in[c] - mean); });
      auto factor = static_cast<float>(1 / std::sqrt(variance + epsilon_));
      for (std::int64_t c = 0; c < channels; ++c) out[c] = gamma[c] * factor * (in[c] - mean) + beta[c];
    });
  }

  // Ba et al. (reference/elementwise.h): what shifts or stretches all channels of a pixel has no effect.
  void backward(const Run& run) {
    const float *in = in_.data(), *gamma = gamma_.data(), *gradient = gradient_.data();
    const float *mean = mean_.data() + place(run), *factor = factor_.data() + place(run);
    float* to_input = to_input_.data();
    auto normalised = [=](std::int64_t i, std::int64_t p) { return factor[p] * (in[i] - mean[p]); };
    Pixels shift =
        means_of(channels_, run, [=](std::int64_t i, std::int64_t, std::int64_t c) { return gamma[c] * gradient[i]; });
    Pixels stretch = means_of(channels_, run, [=](std::int64_t i, std::int64_t p, std::int64_t c) {
      return gamma[c] * gradient[i] * normalised(i, p);
    });
    write(run, to_input, [&, gamma, gradient, factor, to_input](std::int64_t i, std::int64_t p, std::int64_t c) {
      auto pixel = static_cast<std::size_t>(p);
      to_input[i] = factor[p] * (gamma[c] * gradient[i] - shift[pixel] - normalised(i, p) * stretch[pixel]);
    });
  }

  void sum_for_parameters(std::int64_t b) {
    const float *in = in_.data(), *gradient = gradient_.data(), *mean = mean_.data(), *factor = factor_.data();
    std::int64_t first = b * channels_.block;
    double gamma_sum[kLargestBlock] = {}, beta_sum[kLargestBlock] = {};
    for (std::int64_t n = 0; n < channels_.batch; ++n) {
      std::int64_t start = channels_.start(n, b), pixels = n * channels_.pixels;
      for_each_of_block(channels_, n, b, [&](std::int64_t i, std::int64_t c) {
        std::int64_t p = pixels + (i - start) / channels_.block;
        gamma_sum[c - first] += static_cast<double>(gradient[i]) * factor[p] * (in[i] - mean[p]);
        beta_sum[c - first] += gradient[i];
      });
    }
    for (std::int64_t c = first; c < std::min(first + channels_.block, channels_.channels); ++c) {
      to_gamma_.data()[c] = static_cast<float>(gamma_sum[c - first]);
      to_beta_.data()[c] = static_cast<float>(beta_sum[c - first]);
    }
  }

  std::int64_t place(const Run& run) const { return run.n * channels_.pixels + run.first; }

  // Calls body(i, pixel, c) for each number of the run; then clears of `written` what fills up the last block.
  template <class Body>
  void write(const Run& run, float* written, Body body) const {
    for (std::int64_t b = 0; b < channels_.blocks(); ++b) for_each_of_run(channels_, run, b, body);
    std::int64_t last = channels_.blocks() - 1, filled = channels_.channels - last * channels_.block;
    float* pixel = written + channels_.start(run.n, last) + run.first * channels_.block;
    for (std::int64_t p = 0; filled < channels_.block && p < run.count; ++p, pixel += channels_.block)
      std::fill(pixel + filled, pixel + channels_.block, 0.0F);
  }

  int layer_, input_;
  double epsilon_;
  Channels channels_{};
  Call to_plain_;
  Tensor in_, out_, gamma_, beta_, mean_, factor_, gradient_, to_input_, to_gamma_, to_beta_;
};

}  // namespace

std::unique_ptr<Step> make_layer_norm(Plan& plan, const Operation& operation) {
  return std::make_unique<LayerNorm>(plan, operation);
}

}  // namespace agewise::nn::cpu
