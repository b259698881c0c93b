#include "agewise/nn/reference/layers.h"

#include <algorithm>
#include <cmath>

#include "agewise/nn/dropout.h"

namespace agewise::nn::reference {
namespace {

// Calls body(n, c, y, x) for every element.
template <class Body>
void for_each(const Tensor& tensor, Body body) {
  for (int n = 0; n < tensor.batch; ++n) {
    for (int c = 0; c < tensor.shape.channels; ++c) {
      for (int y = 0; y < tensor.shape.height; ++y) {
        for (int x = 0; x < tensor.shape.width; ++x) body(n, c, y, x);
      }
    }
  }
}

// The part of a window that lies inside the picture.
struct Window {
  int top, bottom, left, right;  // bottom and right exclusive
  int area() const { return (bottom - top) * (right - left); }
};

Window window_at(int y, int x, int kernel, int stride, const Padding& pad, const Shape& in) {
  int top = y * stride - pad.top, left = x * stride - pad.left;
  return {std::max(0, top), std::min(in.height, top + kernel), std::max(0, left), std::min(in.width, left + kernel)};
}

// Calls body(input index, weight index) for every product that makes up one output of a convolution.
template <class Body>
void for_each_tap(const layer::Convolution& c, const Tensor& in, int n, int channel, int y, int x, Body body) {
  int in_channels = in.shape.channels / c.groups, first = channel / (c.channels / c.groups) * in_channels;
  for (int i = 0; i < in_channels; ++i) {
    for (int ky = 0; ky < c.kernel_height; ++ky) {
      for (int kx = 0; kx < c.kernel_width; ++kx) {
        int sy = y * c.stride - c.pad.top + ky, sx = x * c.stride - c.pad.left + kx;
        if (sy < 0 || sy >= in.shape.height || sx < 0 || sx >= in.shape.width) continue;
        std::size_t weight =
            ((static_cast<std::size_t>(channel) * in_channels + i) * c.kernel_height + ky) * c.kernel_width + kx;
        body(in.at(n, first + i, sy, sx), weight);
      }
    }
  }
}

void store(const std::vector<double>& sums, Gradients gradients) {
  for (std::size_t i = 0; i < gradients.size(); ++i) gradients[i] = static_cast<float>(sums[i]);
}

double per_channel(const Tensor& tensor) {
  return static_cast<double>(tensor.batch) * tensor.shape.height * tensor.shape.width;
}

}  // namespace

void convolution_forward(const layer::Convolution& c, const Tensor& in, Values weight, Values bias, Tensor& out) {
  for_each(out, [&](int n, int channel, int y, int x) {
    double sum = bias.empty() ? 0 : bias[channel];
    for_each_tap(c, in, n, channel, y, x,
                 [&](std::size_t i, std::size_t w) { sum += static_cast<double>(in.values[i]) * weight[w]; });
    out.values[out.at(n, channel, y, x)] = static_cast<float>(sum);
  });
}

void convolution_backward(const layer::Convolution& c, const Tensor& in, Values weight, const Tensor& out_gradient,
                          Tensor& in_gradient, Gradients weight_gradient, Gradients bias_gradient) {
  std::vector<double> to_input(in.values.size()), to_weight(weight.size()), to_bias(out_gradient.shape.channels);
  for_each(out_gradient, [&](int n, int channel, int y, int x) {
    double gradient = out_gradient.values[out_gradient.at(n, channel, y, x)];
    to_bias[channel] += gradient;
    for_each_tap(c, in, n, channel, y, x, [&](std::size_t i, std::size_t w) {
      to_input[i] += gradient * weight[w];
      to_weight[w] += gradient * in.values[i];
    });
  });
  store(to_input, in_gradient.values);
  store(to_weight, weight_gradient);
  store(to_bias, bias_gradient);
}

void fully_connected_forward(const Tensor& in, Values weight, Values bias, Tensor& out) {
  std::size_t inputs = in.values.size() / in.batch;
  for (int n = 0; n < out.batch; ++n) {
    for (int o = 0; o < out.shape.channels; ++o) {
      double sum = bias.empty() ? 0 : bias[o];
      for (std::size_t i = 0; i < inputs; ++i)
        sum += static_cast<double>(in.values[n * inputs + i]) * weight[o * inputs + i];
      out.values[out.at(n, o, 0, 0)] = static_cast<float>(sum);
    }
  }
}

void fully_connected_backward(const Tensor& in, Values weight, const Tensor& out_gradient, Tensor& in_gradient,
                              Gradients weight_gradient, Gradients bias_gradient) {
  std::size_t inputs = in.values.size() / in.batch;
  std::vector<double> to_input(in.values.size()), to_weight(weight.size()), to_bias(out_gradient.shape.channels);
  for (int n = 0; n < out_gradient.batch; ++n) {
    for (int o = 0; o < out_gradient.shape.channels; ++o) {
      double gradient = out_gradient.values[out_gradient.at(n, o, 0, 0)];
      to_bias[o] += gradient;
      for (std::size_t i = 0; i < inputs; ++i) {
        to_input[n * inputs + i] += gradient * weight[o * inputs + i];
        to_weight[o * inputs + i] += gradient * in.values[n * inputs + i];
      }
    }
  }
  store(to_input, in_gradient.values);
  store(to_weight, weight_gradient);
  store(to_bias, bias_gradient);
}

namespace {

void share(const Sum& sum, std::span<double> values) {
  if (sum) sum(values);
}

}  // namespace

Statistics batch_statistics(const Tensor& in, const Sum& sum) {
  Statistics statistics{std::vector<double>(in.shape.channels), std::vector<double>(in.shape.channels),
                        per_channel(in)};
  share(sum, std::span(&statistics.numbers, 1));
  auto add_up = [&](std::vector<double>& sums, auto value) {
    for_each(in, [&](int n, int c, int y, int x) { sums[c] += value(in.values[in.at(n, c, y, x)], c); });
    share(sum, sums);
    for (double& one : sums) one /= statistics.numbers;
  };
  add_up(statistics.mean, [](double value, int) { return value; });
  add_up(statistics.variance, [&](double value, int c) { return std::pow(value - statistics.mean[c], 2); });
  return statistics;
}

void batch_norm_forward(double epsilon, const Statistics& statistics, const Tensor& in, Values gamma, Values beta,
                        Tensor& out) {
  for_each(in, [&](int n, int c, int y, int x) {
    double normalised =
        (in.values[in.at(n, c, y, x)] - statistics.mean[c]) / std::sqrt(statistics.variance[c] + epsilon);
    out.values[in.at(n, c, y, x)] = static_cast<float>(gamma[c] * normalised + beta[c]);
  });
}

void batch_norm_backward(double epsilon, const Statistics& statistics, const Tensor& in, Values gamma,
                         const Tensor& out_gradient, Tensor& in_gradient, Gradients gamma_gradient,
                         Gradients beta_gradient, const Sum& sum) {
  std::vector<double> to_gamma(in.shape.channels), to_beta(in.shape.channels);
  auto normalised = [&](std::size_t i, int c) {
    return (in.values[i] - statistics.mean[c]) / std::sqrt(statistics.variance[c] + epsilon);
  };
  for_each(in, [&](int n, int c, int y, int x) {
    std::size_t i = in.at(n, c, y, x);
    to_beta[c] += out_gradient.values[i];
    to_gamma[c] += out_gradient.values[i] * normalised(i, c);
  });
  store(to_gamma, gamma_gradient);
  store(to_beta, beta_gradient);
  share(sum, to_gamma);
  share(sum, to_beta);
  for_each(in, [&](int n, int c, int y, int x) {
    std::size_t i = in.at(n, c, y, x);
    double centred =
        out_gradient.values[i] - to_beta[c] / statistics.numbers - normalised(i, c) * to_gamma[c] / statistics.numbers;
    in_gradient.values[i] = static_cast<float>(gamma[c] / std::sqrt(statistics.variance[c] + epsilon) * centred);
  });
}

namespace {

// Where the largest value of the window at an output's place lies.
std::size_t place_of_maximum(const layer::MaxPool& pool, const Tensor& in, int n, int c, int y, int x) {
  Window window = window_at(y, x, pool.kernel, pool.stride, pool.pad, in.shape);
  std::size_t best = in.at(n, c, window.top, window.left);
  for (int sy = window.top; sy < window.bottom; ++sy) {
    for (int sx = window.left; sx < window.right; ++sx) {
      if (in.values[in.at(n, c, sy, sx)] > in.values[best]) best = in.at(n, c, sy, sx);
    }
  }
  return best;
}

}  // namespace

void max_pool_forward(const layer::MaxPool& pool, const Tensor& in, Tensor& out) {
  for_each(out, [&](int n, int c, int y, int x) {
    out.values[out.at(n, c, y, x)] = in.values[place_of_maximum(pool, in, n, c, y, x)];
  });
}

void max_pool_backward(const layer::MaxPool& pool, const Tensor& in, const Tensor& out_gradient, Tensor& in_gradient) {
  std::fill(in_gradient.values.begin(), in_gradient.values.end(), 0.0F);
  for_each(out_gradient, [&](int n, int c, int y, int x) {
    in_gradient.values[place_of_maximum(pool, in, n, c, y, x)] += out_gradient.values[out_gradient.at(n, c, y, x)];
  });
}

void average_pool_forward(const layer::AveragePool& pool, const Tensor& in, Tensor& out) {
  for_each(out, [&](int n, int c, int y, int x) {
    Window window = window_at(y, x, pool.kernel, pool.stride, pool.pad, in.shape);
    double sum = 0;
    for (int sy = window.top; sy < window.bottom; ++sy) {
      for (int sx = window.left; sx < window.right; ++sx) sum += in.values[in.at(n, c, sy, sx)];
    }
    out.values[out.at(n, c, y, x)] = static_cast<float>(sum / window.area());
  });
}

void average_pool_backward(const layer::AveragePool& pool, const Tensor& out_gradient, Tensor& in_gradient) {
  std::fill(in_gradient.values.begin(), in_gradient.values.end(), 0.0F);
  for_each(out_gradient, [&](int n, int c, int y, int x) {
    Window window = window_at(y, x, pool.kernel, pool.stride, pool.pad, in_gradient.shape);
    float share = out_gradient.values[out_gradient.at(n, c, y, x)] / static_cast<float>(window.area());
    for (int sy = window.top; sy < window.bottom; ++sy) {
      for (int sx = window.left; sx < window.right; ++sx) in_gradient.values[in_gradient.at(n, c, sy, sx)] += share;
    }
  });
}

void global_average_forward(const Tensor& in, Tensor& out) {
  std::vector<double> sums(out.values.size());
  for_each(in, [&](int n, int c, int y, int x) { sums[out.at(n, c, 0, 0)] += in.values[in.at(n, c, y, x)]; });
  double pixels = static_cast<double>(in.shape.height) * in.shape.width;
  for (std::size_t i = 0; i < sums.size(); ++i) out.values[i] = static_cast<float>(sums[i] / pixels);
}

void global_average_backward(const Tensor& out_gradient, Tensor& in_gradient) {
  auto pixels = static_cast<float>(in_gradient.shape.height * in_gradient.shape.width);
  for_each(in_gradient, [&](int n, int c, int y, int x) {
    in_gradient.values[in_gradient.at(n, c, y, x)] = out_gradient.values[out_gradient.at(n, c, 0, 0)] / pixels;
  });
}

void relu_forward(const Tensor& in, Tensor& out) {
  std::transform(in.values.begin(), in.values.end(), out.values.begin(),
                 [](float value) { return value > 0 ? value : 0; });
}

void relu_backward(const Tensor& in, const Tensor& out_gradient, Tensor& in_gradient) {
  std::transform(in.values.begin(), in.values.end(), out_gradient.values.begin(), in_gradient.values.begin(),
                 [](float value, float gradient) { return value > 0 ? gradient : 0; });
}

void softmax_forward(const Tensor& in, Tensor& out) {
  for (int n = 0; n < in.batch; ++n) {
    for (int y = 0; y < in.shape.height; ++y) {
      for (int x = 0; x < in.shape.width; ++x) {
        double largest = in.values[in.at(n, 0, y, x)], sum = 0;
        for (int c = 1; c < in.shape.channels; ++c) largest = std::max<double>(largest, in.values[in.at(n, c, y, x)]);
        for (int c = 0; c < in.shape.channels; ++c) sum += std::exp(in.values[in.at(n, c, y, x)] - largest);
        for (int c = 0; c < in.shape.channels; ++c) {
          out.values[in.at(n, c, y, x)] = static_cast<float>(std::exp(in.values[in.at(n, c, y, x)] - largest) / sum);
        }
      }
    }
  }
}

void softmax_backward(const Tensor& out, const Tensor& out_gradient, Tensor& in_gradient) {
  for (int n = 0; n < out.batch; ++n) {
    for (int y = 0; y < out.shape.height; ++y) {
      for (int x = 0; x < out.shape.width; ++x) {
        double weighted = 0;
        for (int c = 0; c < out.shape.channels; ++c) {
          weighted += static_cast<double>(out.values[out.at(n, c, y, x)]) * out_gradient.values[out.at(n, c, y, x)];
        }
        for (int c = 0; c < out.shape.channels; ++c) {
          std::size_t i = out.at(n, c, y, x);
          in_gradient.values[i] = static_cast<float>(out.values[i] * (out_gradient.values[i] - weighted));
        }
      }
    }
  }
}

void dropout(double rate, int layer, const DropoutKey& key, const Tensor& from, Tensor& to) {
  std::uint32_t threshold = dropout_threshold(rate);
  float scale = dropout_scale(rate);
  for_each(from, [&](int n, int c, int y, int x) {
    auto element = static_cast<std::uint32_t>((y * from.shape.width + x) * from.shape.channels + c);
    auto block = dropout_block(key.seed, layer, key.epoch, key.samples[n], element / kDropoutLanes);
    bool dropped = is_dropped(block, static_cast<int>(element % kDropoutLanes), threshold);
    to.values[from.at(n, c, y, x)] = dropped ? 0 : from.values[from.at(n, c, y, x)] * scale;
  });
}

}  // namespace agewise::nn::reference
