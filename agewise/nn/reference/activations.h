// Functions of one number and their slopes, as formulas, and plain loops over them (layers.h).
#pragma once
#include <algorithm>
#include <cmath>
#include <numbers>

#include "agewise/nn/reference/layers.h"

namespace agewise::nn::reference {

inline double value_at(const layer::HardSigmoid& s, double x) { return std::clamp(s.slope * x + s.offset, 0.0, 1.0); }
inline double slope_at(const layer::HardSigmoid& s, double x) {
  double line = s.slope * x + s.offset;
  return line > 0 && line < 1 ? s.slope : 0;
}

inline double value_at(const layer::HardSwish&, double x) { return x * value_at(layer::HardSigmoid{}, x); }
inline double slope_at(const layer::HardSwish&, double x) {
  return value_at(layer::HardSigmoid{}, x) + x * slope_at(layer::HardSigmoid{}, x);
}

inline double value_at(const layer::Silu&, double x) { return x / (1 + std::exp(-x)); }
inline double slope_at(const layer::Silu&, double x) {
  double sigmoid = 1 / (1 + std::exp(-x));
  return sigmoid * (1 + x * (1 - sigmoid));
}

inline double value_at(const layer::Gelu& gelu, double x) {
  if (!gelu.tanh) return x / 2 * (1 + std::erf(x / std::numbers::sqrt2));
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}
inline double slope_at(const layer::Gelu& gelu, double x) {
  if (!gelu.tanh) {
    return (1 + std::erf(x / std::numbers::sqrt2)) / 2 + x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
  }
  double root = std::sqrt(2 / std::numbers::pi), tanh = std::tanh(root * (x + 0.044715 * x * x * x));
  return (1 + tanh) / 2 + x / 2 * (1 - tanh * tanh) * root * (1 + 3 * 0.044715 * x * x);
}

inline double value_at(const layer::Clip& clip, double x) { return std::clamp(x, clip.low, clip.high); }
inline double slope_at(const layer::Clip& clip, double x) { return x > clip.low && x < clip.high ? 1 : 0; }

template <class Kind>
void activation_forward(const Kind& kind, const Tensor& in, Tensor& out) {
  std::transform(in.values.begin(), in.values.end(), out.values.begin(),
                 [&](float x) { return static_cast<float>(value_at(kind, x)); });
}

template <class Kind>
void activation_backward(const Kind& kind, const Tensor& in, const Tensor& out_gradient, Tensor& in_gradient) {
  std::transform(in.values.begin(), in.values.end(), out_gradient.values.begin(), in_gradient.values.begin(),
                 [&](float x, float gradient) { return static_cast<float>(gradient * slope_at(kind, x)); });
}

}  // namespace agewise::nn::reference
