#include "agewise/nn/cpu/steps/fused_stem.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "agewise/nn/cpu/kernels/dropout_mask.h"
#include "agewise/nn/cpu/kernels/parallel.h"
#include "agewise/nn/cpu/kernels/thin_kernels.h"
#include "agewise/nn/cpu/plan/layouts.h"
#include "agewise/nn/cpu/steps/convolution_descriptors.h"
#include "agewise/nn/dropout.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;
constexpr std::int64_t kSamplesWorthAThread = 1, kRowsWorthAThread = 4;
constexpr std::size_t kMaskSlack = 8;  // bytes that a vector's mask may be read too far

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class FusedStem : public Step {
 public:
  FusedStem(Plan& plan, const Operation& operation)
      : operation_(operation),
        train_(plan.train()),
        batch_(plan.batch()),
        norm_(std::get<layer::BatchNorm>(plan.layer(operation.normalisation).kind)),
        shape_(shape_of_convolution(plan)),
        pooled_(plan.layer(operation.pool).shape),
        offsets_(shape_.tap_offsets()),
        kernel_elements_(shape_.kernel_elements()),
        channels_(shape_.out.channels) {
    in_ = plan.value(plan.layer(operation.layer).inputs[0]);
    bool wide = vector_floats() == 16;
    Desc blocked(plan.dims(pooled_), kFloat, wide ? Tag::nChw16c : Tag::nChw8c);
    out_ = plan.allocate(!train_ && next_wants_channels_last(plan) ? channels_last(blocked) : blocked);
    take_parameters(plan, wide);
    int kept = train_ ? batch_ : plan.threads();  // training needs each sample's three times, estimating once
    patches_ = plan.allocate(floats(kept * static_cast<std::int64_t>(shape_.patch_floats())));
    used_weights_ = plan.pinned(weights_.layout());
    used_bias_ = plan.pinned(floats(channels_));
    pilot_.resize(at(shape_.in.channels));
    if (plan.train()) plan_training(plan);
    plan.define(operation.output, out_);
    note(plan.layer(operation.layer).name, "own convolution, normalisation, ReLU, pool and dropout in one");
  }

  void plan_backward(Plan& plan) override {
    plan.keep(winners_), plan.keep(patches_);
    gradient_ = plan.gradient(operation_.output);
    int first = plan.first_parameter(operation_.layer), norm = plan.first_parameter(operation_.normalisation);
    weight_gradient_ = plan.gradient_of_parameter(first, weights_.layout());
    if (bias_) bias_gradient_ = plan.gradient_of_parameter(first + 1, floats(channels_));
    gamma_gradient_ = plan.gradient_of_parameter(norm, floats(channels_));
    beta_gradient_ = plan.gradient_of_parameter(norm + 1, floats(channels_));
  }

  void set_parameters(const ParameterMap&, std::span<const float>) override {
    for (int c = 0; c < channels_; ++c)
      fold(c, running_mean_.data()[c], 1 / std::sqrt(running_variance_.data()[c] + norm_.epsilon));
  }

  void forward(const Pass& pass) override {
    if (!train_) return estimate();
    take_statistics(pass.update_statistics);
    for_each_sample(false, [&](std::size_t row, const float* patches, int) {
      std::uint8_t* mask = nullptr;
      if (operation_.dropout >= 0) {
        mask = bytes(masks_) + row * mask_bytes_;
        make_dropout_mask(mask_key(pass, operation_.dropout, row), rate_, pooled_.size(), mask);
      }
      std::size_t place = row * at(static_cast<int>(pooled_.size()));
      std::uint8_t* winners = winners_ ? bytes(winners_) + place : nullptr;
      thin_pooled_forward(shape_, offsets_.data(), patches, used_weights_.data(), used_bias_.data(),
                          {0, pooled_.height}, output(out_.data() + place, winners, mask));
    });
  }

  void backward(const Pass&) override {
    std::size_t size = at(channels_) * at(kernel_elements_ + 1);  // weights, then bias
    std::fill(sums_.begin(), sums_.end(), 0.0F);
    for_each_sample(false, [&](std::size_t row, const float* patches, int part) {
      std::size_t place = row * at(static_cast<int>(pooled_.size()));
      float* sums = sums_.data() + at(part) * size;
      thin_pooled_backward(shape_, offsets_.data(), patches, gradient_.data() + place, bytes(winners_) + place, sums,
                           sums + at(channels_) * at(kernel_elements_));
    });
    for (std::size_t begin = size; begin < sums_.size(); begin += size)
      std::transform(sums_.begin(), sums_.begin() + static_cast<std::ptrdiff_t>(size),
                     sums_.begin() + static_cast<std::ptrdiff_t>(begin), sums_.begin(), std::plus<>());
    for (int c = 0; c < channels_; ++c) find_gradients(c);
  }

 private:
  PooledOutput output(float* values, std::uint8_t* winners, const std::uint8_t* mask) const {
    int block = vector_floats();
    std::int64_t pixels = std::int64_t{pooled_.height} * pooled_.width;
    bool last = is_channels_last(out_.layout());
    return {values, last ? channels_ : block, last ? block : pixels * block, winners, mask, scale_};
  }

  // Each thread some rows of some samples: a single picture is work for all.
  void estimate() {
    const int height = pooled_.height;
    parallel(std::int64_t{batch_} * height, kRowsWorthAThread, [&](std::int64_t begin, std::int64_t end, int part) {
      float* patches = patches_.data() + at(part) * shape_.patch_floats();
      while (begin < end) {
        std::int64_t sample = begin / height, first = begin % height,
                     last = std::min(first + end - begin, std::int64_t{height});
        Rows rows{static_cast<int>(first), static_cast<int>(last)};
        make_patches(shape_, in_.data() + sample * shape_.in.size(), pilot_.data(), padded_rows(shape_, rows), patches);
        thin_pooled_forward(shape_, offsets_.data(), patches, used_weights_.data(), used_bias_.data(), rows,
                            output(out_.data() + sample * pooled_.size(), nullptr, nullptr));
        begin += last - first;
      }
    });
  }

  // Whether oneDNN's kernel of a convolution that follows wants its input so.
  bool next_wants_channels_last(const Plan& plan) const {
    for (const Layer& layer : plan.graph().layers) {
      const auto* c = std::get_if<layer::Convolution>(&layer.kind);
      if (c == nullptr || plan.source_of(layer.inputs[0]) != operation_.output) continue;
      if (c->groups > 1) return false;
      ConvolutionGeometry next = geometry_of_convolution(plan, layer, pooled_);
      ForwardRequest request{dnnl::algorithm::convolution_direct, next.any_in, next.any_out, /*bias=*/true};
      return is_channels_last(describe_forward(plan, next, request).src_desc());
    }
    return false;
  }

  static Desc floats(std::int64_t n) { return {{n}, kFloat, Tag::a}; }
  static Desc bytes_layout(std::int64_t n) { return {{n}, dnnl::memory::data_type::u8, Tag::a}; }
  static std::uint8_t* bytes(const Tensor& tensor) {
    return static_cast<std::uint8_t*>(tensor.memory.get_data_handle());
  }

  ThinShape shape_of_convolution(const Plan& plan) const {
    const Layer& convolution = plan.layer(operation_.layer);
    const auto& c = std::get<layer::Convolution>(convolution.kind);
    return {
        plan.layer(convolution.inputs[0]).shape, convolution.shape, c.kernel_height, c.kernel_width, c.stride, c.pad};
  }

  void take_parameters(Plan& plan, bool wide) {
    int first = plan.first_parameter(operation_.layer), norm = plan.first_parameter(operation_.normalisation);
    dnnl::memory::dims dims{channels_, shape_.in.channels, shape_.kernel_height, shape_.kernel_width};
    weights_ = plan.parameter(first, {{dims, kFloat, Tag::oihw}, {dims, kFloat, wide ? Tag::Ohwi16o : Tag::Ohwi8o}});
    if (std::get<layer::Convolution>(plan.layer(operation_.layer).kind).bias)
      bias_ = plan.parameter(first + 1, plan.vector_layout(channels_));
    gamma_ = plan.parameter(norm, plan.vector_layout(channels_));
    beta_ = plan.parameter(norm + 1, plan.vector_layout(channels_));
    running_mean_ = plan.parameter(norm + 2, plan.vector_layout(channels_));
    running_variance_ = plan.parameter(norm + 3, plan.vector_layout(channels_));
  }

  void plan_training(Plan& plan) {
    winners_ = plan.allocate(bytes_layout(batch_ * pooled_.size()));
    if (operation_.dropout >= 0) {
      rate_ = std::get<layer::Dropout>(plan.layer(operation_.dropout).kind).rate;
      scale_ = dropout_scale(rate_);
      mask_bytes_ = dropout_mask_bytes(pooled_.size());
      masks_ = plan.allocate(bytes_layout(static_cast<std::int64_t>(mask_bytes_ * at(batch_) + kMaskSlack)));
    }
    products_.resize(at(plan.threads()) * at(kernel_elements_ + 1) * at(kernel_elements_));
    sums_.resize(at(plan.threads()) * at(kernel_elements_ + 1) * at(channels_));
    inverse_deviation_.resize(at(channels_));
  }

  // Training: body(row, its patches, part) on all threads.
  template <class Body>
  void for_each_sample(bool make, Body body) {
    parallel(batch_, kSamplesWorthAThread, [&](std::int64_t begin, std::int64_t end, int part) {
      for (std::int64_t row = begin; row < end; ++row) {
        float* patches = patches_.data() + static_cast<std::size_t>(row) * shape_.patch_floats();
        if (make)
          make_patches(shape_, in_.data() + row * shape_.in.size(), pilot_.data(), {0, shape_.padded_height()},
                       patches);
        body(static_cast<std::size_t>(row), patches, part);
      }
    });
  }

  // The first sample's mean, of each channel.
  void take_pilot() {
    std::int64_t pixels = std::int64_t{shape_.in.height} * shape_.in.width;
    for (int c = 0; c < shape_.in.channels; ++c) {
      const float* begin = in_.data() + c * pixels;
      double sum = 0;
      for (std::int64_t i = 0; i < pixels; ++i) sum += begin[i];
      pilot_[at(c)] = static_cast<float>(sum / static_cast<double>(pixels));
    }
  }

  double weight(int channel, int element) const {
    int block = vector_floats();
    return weights_.data()[(channel / block * kernel_elements_ + element) * block + channel % block];
  }
  double positions() const { return static_cast<double>(batch_) * shape_.out.height * shape_.out.width; }
  double element_sum(int element) const {
    return products_[at(kernel_elements_ * kernel_elements_ + element)];
  }  // S of kernel elements less the pilot
  // Row `element` of C times the channel's weights.
  double centred_product(int channel, int element) const {
    double sum = 0;
    for (int j = 0; j < kernel_elements_; ++j) {
      double product =
          products_[at(element * kernel_elements_ + j)] - element_sum(element) * element_sum(j) / positions();
      sum += product * weight(channel, j);
    }
    return sum;
  }
  double pilot_of_element(int element) const { return pilot_[at(element % shape_.in.channels)]; }

  void take_statistics(bool update) {
    take_pilot();
    std::fill(products_.begin(), products_.end(), 0.0);
    std::size_t size = at(kernel_elements_ + 1) * at(kernel_elements_);
    for_each_sample(true, [&](std::size_t, const float* patches, int part) {
      add_tap_products(shape_, offsets_.data(), patches, products_.data() + at(part) * size);
    });
    for (std::size_t i = size; i < products_.size(); ++i) products_[i % size] += products_[i];
    for (int c = 0; c < channels_; ++c) {
      double mean = bias_ ? bias_.data()[c] : 0, variance = 0;
      for (int t = 0; t < kernel_elements_; ++t) {
        mean += weight(c, t) * (element_sum(t) / positions() + pilot_of_element(t));
        variance += weight(c, t) * centred_product(c, t) / positions();
      }
      variance = std::max(variance, 0.0);
      if (update) update_statistics(c, mean, variance);
      inverse_deviation_[at(c)] = 1 / std::sqrt(variance + norm_.epsilon);
      fold(c, mean, inverse_deviation_[at(c)]);
    }
  }

  void update_statistics(int c, double mean, double variance) {
    double unbias = positions() > 1 ? positions() / (positions() - 1) : 1, keep = norm_.momentum;
    float &running_mean = running_mean_.data()[c], &running_variance = running_variance_.data()[c];
    running_mean = static_cast<float>(keep * running_mean + (1 - keep) * mean);
    running_variance = static_cast<float>(keep * running_variance + (1 - keep) * unbias * variance);
  }

  // Normalisation as weights and bias; the bias gives back what the pilot took from the patches.
  void fold(int c, double mean, double inverse_deviation) {
    int block = vector_floats();
    double scale = gamma_.data()[c] * inverse_deviation, shift = (bias_ ? bias_.data()[c] : 0) - mean;
    for (int t = 0; t < kernel_elements_; ++t) {
      shift += weight(c, t) * pilot_of_element(t);
      used_weights_.data()[(c / block * kernel_elements_ + t) * block + c % block] =
          static_cast<float>(scale * weight(c, t));
    }
    used_bias_.data()[c] = static_cast<float>(beta_.data()[c] + scale * shift);
  }

  // From T and β', which lie in sums_.
  void find_gradients(int c) {
    int block = vector_floats();
    auto place = [&](int t) { return at((c / block * kernel_elements_ + t) * block + c % block); };
    double beta = static_cast<double>(sums_[at(channels_) * at(kernel_elements_) + at(c)]) * scale_, gamma = 0;
    double inverse_deviation = inverse_deviation_[at(c)], m = positions();
    auto without_mean = [&](int t) {
      return static_cast<double>(sums_[place(t)]) * scale_ - beta * element_sum(t) / m;
    };
    for (int t = 0; t < kernel_elements_; ++t) gamma += weight(c, t) * without_mean(t) * inverse_deviation;
    double scale = gamma_.data()[c] * inverse_deviation;
    for (int t = 0; t < kernel_elements_; ++t) {
      double through_variance = gamma * inverse_deviation / m * centred_product(c, t);
      weight_gradient_.data()[place(t)] = static_cast<float>(scale * (without_mean(t) - through_variance));
    }
    if (bias_) bias_gradient_.data()[c] = 0;
    gamma_gradient_.data()[c] = static_cast<float>(gamma);
    beta_gradient_.data()[c] = static_cast<float>(beta);
  }

  Operation operation_;
  bool train_;
  int batch_;
  layer::BatchNorm norm_;
  ThinShape shape_;
  Shape pooled_;
  std::vector<std::int32_t> offsets_;
  int kernel_elements_, channels_;
  double rate_ = 0;
  float scale_ = 1;
  std::size_t mask_bytes_ = 0;
  Tensor in_, out_, patches_, winners_, masks_, gradient_;
  Tensor weights_, bias_, gamma_, beta_, running_mean_, running_variance_, used_weights_, used_bias_;
  Tensor weight_gradient_, bias_gradient_, gamma_gradient_, beta_gradient_;
  std::vector<float> pilot_;               // one an input channel
  std::vector<double> products_;           // of kernel elements, a set a thread; then the sum in the first
  std::vector<float> sums_;                // T and β', a set a thread; then the sum in the first
  std::vector<double> inverse_deviation_;  // of the convolution's output
};

}  // namespace

bool is_fused_stem(const Graph& graph, int convolution, int pool) {
  const Layer& layer = graph.layers[at(convolution)];
  const auto& c = std::get<layer::Convolution>(layer.kind);
  const Layer& before = graph.layers[at(layer.inputs[0])];
  const auto& p = std::get<layer::MaxPool>(graph.layers[at(pool)].kind);
  return std::holds_alternative<layer::Input>(before.kind) && c.groups == 1 &&
         before.shape.channels * c.kernel_height * c.kernel_width <= kMostKernelElements &&
         layer.shape.channels % vector_floats() == 0 && p.kernel == 2 && p.stride == 2 && p.pad == Padding{};
}

std::unique_ptr<Step> make_fused_stem(Plan& plan, const Operation& operation) {
  return std::make_unique<FusedStem>(plan, operation);
}

}  // namespace agewise::nn::cpu
