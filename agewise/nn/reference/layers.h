// Each layer's arithmetic, forward and backward, as plain loops with double sums: what a formula on paper says, nothing
// more. Tensors are N × C × H × W; gradients are overwritten, not added to.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "agewise/nn/engine.h"

namespace agewise::nn::reference {

struct Tensor {
  int batch = 0;
  Shape shape;
  std::vector<float> values;

  std::size_t at(int n, int c, int y, int x) const {
    return ((static_cast<std::size_t>(n) * shape.channels + c) * shape.height + y) * shape.width + x;
  }
};

using Values = std::span<const float>;
using Gradients = std::span<float>;

void convolution_forward(const layer::Convolution& c, const Tensor& in, Values weight, Values bias, Tensor& out);
void convolution_backward(const layer::Convolution& c, const Tensor& in, Values weight, const Tensor& out_gradient,
                          Tensor& in_gradient, Gradients weight_gradient, Gradients bias_gradient);

void fully_connected_forward(const Tensor& in, Values weight, Values bias, Tensor& out);
void fully_connected_backward(const Tensor& in, Values weight, const Tensor& out_gradient, Tensor& in_gradient,
                              Gradients weight_gradient, Gradients bias_gradient);

// A channel's statistics over the batch; the variance is the biased one that normalisation divides by.
struct Statistics {
  std::vector<double> mean, variance;
  double numbers = 0;  // of each channel, in all processes
};
// Adds up over the processes that share a batch; empty: this one has all of it.
using Sum = std::function<void(std::span<double>)>;
Statistics batch_statistics(const Tensor& in, const Sum& sum);
void batch_norm_forward(double epsilon, const Statistics& statistics, const Tensor& in, Values gamma, Values beta,
                        Tensor& out);
// Of normalisation by the batch's own statistics (Ioffe and Szegedy, ICML 2015, §3).
void batch_norm_backward(double epsilon, const Statistics& statistics, const Tensor& in, Values gamma,
                         const Tensor& out_gradient, Tensor& in_gradient, Gradients gamma_gradient,
                         Gradients beta_gradient, const Sum& sum);

// The first of equal maxima wins, in reading order.
void max_pool_forward(const layer::MaxPool& pool, const Tensor& in, Tensor& out);
void max_pool_backward(const layer::MaxPool& pool, const Tensor& in, const Tensor& out_gradient, Tensor& in_gradient);
void average_pool_forward(const layer::AveragePool& pool, const Tensor& in, Tensor& out);
void average_pool_backward(const layer::AveragePool& pool, const Tensor& out_gradient, Tensor& in_gradient);
void global_average_forward(const Tensor& in, Tensor& out);
void global_average_backward(const Tensor& out_gradient, Tensor& in_gradient);

void relu_forward(const Tensor& in, Tensor& out);
void relu_backward(const Tensor& in, const Tensor& out_gradient, Tensor& in_gradient);  // 0 at 0
void softmax_forward(const Tensor& in, Tensor& out);                                    // over channels
void softmax_backward(const Tensor& out, const Tensor& out_gradient, Tensor& in_gradient);

// Multiplies by 0 or the scale; the same forward and backward.
void dropout(double rate, int layer, const DropoutKey& key, const Tensor& from, Tensor& to);

}  // namespace agewise::nn::reference
