#include "agewise/nn/reference/elementwise.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace agewise::nn::reference {
namespace {

// Calls body(index, channel) for every element, in order.
template <class Body>
void for_each(const Tensor& tensor, Body body) {
  std::size_t pixels = static_cast<std::size_t>(tensor.shape.height) * tensor.shape.width;
  for (std::size_t i = 0; i < tensor.values.size(); ++i) body(i, i / pixels % tensor.shape.channels);
}

void store(const std::vector<double>& sums, Gradients gradients) {
  for (std::size_t i = 0; i < gradients.size(); ++i) gradients[i] = static_cast<float>(sums[i]);
}

// Calls body(index in the output, in a, in b) for every element of the output of two inputs.
template <class Body>
void for_each_pair(const Tensor& a, const Tensor& b, const Tensor& out, Body body) {
  std::size_t pixels = static_cast<std::size_t>(out.shape.height) * out.shape.width;
  for (std::size_t i = 0; i < out.values.size(); ++i)
    body(i, a.shape == out.shape ? i : i / pixels, b.shape == out.shape ? i : i / pixels);
}

template <class Rule>
void combine(const Tensor& a, const Tensor& b, Tensor& out, Rule rule) {
  for_each_pair(a, b, out, [&](std::size_t i, std::size_t of_a, std::size_t of_b) {
    out.values[i] = rule(a.values[of_a], b.values[of_b]);
  });
}

// rule(i, of_a, of_b) is the pair of what the output's gradient number i gives to each input.
template <class Rule>
void combine_backward(const Tensor& out_gradient, Tensor& to_a, Tensor& to_b, Rule rule) {
  std::vector<double> sum_a(to_a.values.size()), sum_b(to_b.values.size());
  for_each_pair(to_a, to_b, out_gradient, [&](std::size_t i, std::size_t of_a, std::size_t of_b) {
    auto [a, b] = rule(i, of_a, of_b);
    sum_a[of_a] += a;
    sum_b[of_b] += b;
  });
  store(sum_a, to_a.values);
  store(sum_b, to_b.values);
}

using Pair = std::pair<double, double>;

// Calls body(index in the input, index in the output).
template <class Body>
void for_each_transposed(const layer::Transpose& transpose, const Tensor& in, const Tensor& out, Body body) {
  std::array<int, 3> place{};
  for (int n = 0; n < in.batch; ++n) {
    for (place[0] = 0; place[0] < in.shape.channels; ++place[0]) {
      for (place[1] = 0; place[1] < in.shape.height; ++place[1]) {
        for (place[2] = 0; place[2] < in.shape.width; ++place[2]) {
          const auto& order = transpose.order;
          body(in.at(n, place[0], place[1], place[2]), out.at(n, place[order[0]], place[order[1]], place[order[2]]));
        }
      }
    }
  }
}

// Calls body(index in the input, index in the output).
template <class Body>
void for_each_upsampled(int factor, const Tensor& in, const Tensor& out, Body body) {
  for (int n = 0; n < out.batch; ++n) {
    for (int c = 0; c < out.shape.channels; ++c) {
      for (int y = 0; y < out.shape.height; ++y) {
        for (int x = 0; x < out.shape.width; ++x) body(in.at(n, c, y / factor, x / factor), out.at(n, c, y, x));
      }
    }
  }
}

// Calls body(index in `whole`, index in `part`), where channel c of `part` is channel_of(c) of `whole`.
template <class ChannelOf, class Body>
void for_each_picked(const Tensor& whole, const Tensor& part, ChannelOf channel_of, Body body) {
  for (int n = 0; n < part.batch; ++n) {
    for (int c = 0; c < part.shape.channels; ++c) {
      for (int y = 0; y < part.shape.height; ++y) {
        for (int x = 0; x < part.shape.width; ++x) body(whole.at(n, channel_of(c), y, x), part.at(n, c, y, x));
      }
    }
  }
}

auto sliced(const layer::Slice& slice) {
  return [first = slice.first](int c) { return first + c; };
}

auto shuffled(const layer::Shuffle& shuffle, const Tensor& tensor) {
  return [groups = shuffle.groups, each = tensor.shape.channels / shuffle.groups](int c) {
    return c % groups * each + c / groups;
  };
}

// Calls body(first, stride) for every pixel: its channels are values[first + c · stride].
template <class Body>
void for_each_pixel(const Tensor& tensor, Body body) {
  std::size_t pixels = static_cast<std::size_t>(tensor.shape.height) * tensor.shape.width;
  for (int n = 0; n < tensor.batch; ++n) {
    for (std::size_t p = 0; p < pixels; ++p) body(tensor.at(n, 0, 0, 0) + p, pixels);
  }
}

// A pixel's channels with mean 0 and variance 1; returns 1 / √(variance + ε).
double normalise(double epsilon, const Tensor& in, std::size_t first, std::size_t stride,
                 std::vector<double>& channels) {
  auto count = static_cast<double>(channels.size());
  double mean = 0, variance = 0;
  for (std::size_t c = 0; c < channels.size(); ++c) mean += in.values[first + c * stride] / count;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    channels[c] = in.values[first + c * stride] - mean;
    variance += channels[c] * channels[c] / count;
  }
  double factor = 1 / std::sqrt(variance + epsilon);
  for (double& channel : channels) channel *= factor;
  return factor;
}

}  // namespace

void slice_forward(const layer::Slice& slice, const Tensor& in, Tensor& out) {
  for_each_picked(in, out, sliced(slice), [&](std::size_t from, std::size_t to) { out.values[to] = in.values[from]; });
}

void slice_backward(const layer::Slice& slice, const Tensor& out_gradient, Tensor& in_gradient) {
  std::fill(in_gradient.values.begin(), in_gradient.values.end(), 0.0F);
  for_each_picked(in_gradient, out_gradient, sliced(slice),
                  [&](std::size_t into, std::size_t from) { in_gradient.values[into] = out_gradient.values[from]; });
}

void shuffle_forward(const layer::Shuffle& shuffle, const Tensor& in, Tensor& out) {
  for_each_picked(in, out, shuffled(shuffle, in),
                  [&](std::size_t from, std::size_t to) { out.values[to] = in.values[from]; });
}

void shuffle_backward(const layer::Shuffle& shuffle, const Tensor& out_gradient, Tensor& in_gradient) {
  for_each_picked(in_gradient, out_gradient, shuffled(shuffle, in_gradient),
                  [&](std::size_t into, std::size_t from) { in_gradient.values[into] = out_gradient.values[from]; });
}

void layer_norm_forward(double epsilon, const Tensor& in, Values gamma, Values beta, Tensor& out) {
  std::vector<double> normalised(gamma.size());
  for_each_pixel(in, [&](std::size_t first, std::size_t stride) {
    normalise(epsilon, in, first, stride, normalised);
    for (std::size_t c = 0; c < gamma.size(); ++c)
      out.values[first + c * stride] = static_cast<float>(gamma[c] * normalised[c] + beta[c]);
  });
}

void layer_norm_backward(double epsilon, const Tensor& in, Values gamma, const Tensor& out_gradient,
                         Tensor& in_gradient, Gradients gamma_gradient, Gradients beta_gradient) {
  std::vector<double> normalised(gamma.size()), to_gamma(gamma.size()), to_beta(gamma.size());
  auto count = static_cast<double>(gamma.size());
  for_each_pixel(in, [&](std::size_t first, std::size_t stride) {
    double factor = normalise(epsilon, in, first, stride, normalised), mean = 0, along = 0;
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      double gradient = out_gradient.values[first + c * stride];
      to_gamma[c] += gradient * normalised[c];
      to_beta[c] += gradient;
      mean += gamma[c] * gradient / count;
      along += gamma[c] * gradient * normalised[c] / count;
    }
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      double gradient = gamma[c] * out_gradient.values[first + c * stride];
      in_gradient.values[first + c * stride] = static_cast<float>(factor * (gradient - mean - normalised[c] * along));
    }
  });
  store(to_gamma, gamma_gradient);
  store(to_beta, beta_gradient);
}

void scale_forward(const Tensor& in, Values weight, Values bias, Tensor& out) {
  for_each(in, [&](std::size_t i, std::size_t c) { out.values[i] = weight[c] * in.values[i] + bias[c]; });
}

void scale_backward(const Tensor& in, Values weight, const Tensor& out_gradient, Tensor& in_gradient,
                    Gradients weight_gradient, Gradients bias_gradient) {
  std::vector<double> to_weight(weight.size()), to_bias(weight.size());
  for_each(in, [&](std::size_t i, std::size_t c) {
    double gradient = out_gradient.values[i];
    in_gradient.values[i] = static_cast<float>(gradient * weight[c]);
    to_weight[c] += gradient * in.values[i];
    to_bias[c] += gradient;
  });
  store(to_weight, weight_gradient);
  store(to_bias, bias_gradient);
}

void prelu_forward(const Tensor& in, Values weight, Tensor& out) {
  for_each(in, [&](std::size_t i, std::size_t c) {
    out.values[i] = in.values[i] > 0 ? in.values[i] : weight[c] * in.values[i];
  });
}

void prelu_backward(const Tensor& in, Values weight, const Tensor& out_gradient, Tensor& in_gradient,
                    Gradients weight_gradient) {
  std::vector<double> to_weight(weight.size());
  for_each(in, [&](std::size_t i, std::size_t c) {
    double gradient = out_gradient.values[i];
    bool positive = in.values[i] > 0;
    in_gradient.values[i] = static_cast<float>(positive ? gradient : gradient * weight[c]);
    to_weight[c] += positive ? 0 : gradient * in.values[i];
  });
  store(to_weight, weight_gradient);
}

void sigmoid_forward(const Tensor& in, Tensor& out) {
  std::transform(in.values.begin(), in.values.end(), out.values.begin(),
                 [](float value) { return static_cast<float>(1 / (1 + std::exp(-static_cast<double>(value)))); });
}

void sigmoid_backward(const Tensor& out, const Tensor& out_gradient, Tensor& in_gradient) {
  std::transform(out.values.begin(), out.values.end(), out_gradient.values.begin(), in_gradient.values.begin(),
                 [](float value, float gradient) { return gradient * value * (1 - value); });
}

void tanh_forward(const Tensor& in, Tensor& out) {
  std::transform(in.values.begin(), in.values.end(), out.values.begin(), [](float value) { return std::tanh(value); });
}

void tanh_backward(const Tensor& out, const Tensor& out_gradient, Tensor& in_gradient) {
  std::transform(out.values.begin(), out.values.end(), out_gradient.values.begin(), in_gradient.values.begin(),
                 [](float value, float gradient) { return gradient * (1 - value * value); });
}

void multiply_forward(const Tensor& a, const Tensor& b, Tensor& out) { combine(a, b, out, std::multiplies<>()); }

void multiply_backward(const Tensor& a, const Tensor& b, const Tensor& out_gradient, Tensor& to_a, Tensor& to_b) {
  combine_backward(out_gradient, to_a, to_b, [&](std::size_t i, std::size_t of_a, std::size_t of_b) {
    double gradient = out_gradient.values[i];
    return Pair(gradient * b.values[of_b], gradient * a.values[of_a]);
  });
}

void subtract_forward(const Tensor& a, const Tensor& b, Tensor& out) { combine(a, b, out, std::minus<>()); }

void subtract_backward(const Tensor& out_gradient, Tensor& to_a, Tensor& to_b) {
  combine_backward(out_gradient, to_a, to_b, [&](std::size_t i, std::size_t, std::size_t) {
    double gradient = out_gradient.values[i];
    return Pair(gradient, -gradient);
  });
}

void divide_forward(const Tensor& a, const Tensor& b, Tensor& out) { combine(a, b, out, std::divides<>()); }

void divide_backward(const Tensor& a, const Tensor& b, const Tensor& out_gradient, Tensor& to_a, Tensor& to_b) {
  combine_backward(out_gradient, to_a, to_b, [&](std::size_t i, std::size_t of_a, std::size_t of_b) {
    double gradient = out_gradient.values[i], divisor = b.values[of_b];
    return Pair(gradient / divisor, -gradient * a.values[of_a] / (divisor * divisor));
  });
}

void upsample_forward(const layer::Upsample& up, const Tensor& in, Tensor& out) {
  for_each_upsampled(up.factor, in, out, [&](std::size_t from, std::size_t to) { out.values[to] = in.values[from]; });
}

void upsample_backward(const layer::Upsample& up, const Tensor& out_gradient, Tensor& in_gradient) {
  std::fill(in_gradient.values.begin(), in_gradient.values.end(), 0.0F);
  for_each_upsampled(up.factor, in_gradient, out_gradient, [&](std::size_t into, std::size_t from) {
    in_gradient.values[into] += out_gradient.values[from];
  });
}

void transpose_forward(const layer::Transpose& transpose, const Tensor& in, Tensor& out) {
  for_each_transposed(transpose, in, out, [&](std::size_t from, std::size_t to) { out.values[to] = in.values[from]; });
}

void transpose_backward(const layer::Transpose& transpose, const Tensor& out_gradient, Tensor& in_gradient) {
  for_each_transposed(transpose, in_gradient, out_gradient, [&](std::size_t into, std::size_t from) {
    in_gradient.values[into] = out_gradient.values[from];
  });
}

}  // namespace agewise::nn::reference
