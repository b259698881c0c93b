// The arithmetic of layers that change numbers one by one, or only their place: plain loops, as in layers.h.
#pragma once
#include "agewise/nn/reference/layers.h"

namespace agewise::nn::reference {

void scale_forward(const Tensor& in, Values weight, Values bias, Tensor& out);
void scale_backward(const Tensor& in, Values weight, const Tensor& out_gradient, Tensor& in_gradient,
                    Gradients weight_gradient, Gradients bias_gradient);

void prelu_forward(const Tensor& in, Values weight, Tensor& out);
void prelu_backward(const Tensor& in, Values weight, const Tensor& out_gradient, Tensor& in_gradient,
                    Gradients weight_gradient);  // the slope at 0 is the weight

void sigmoid_forward(const Tensor& in, Tensor& out);
void sigmoid_backward(const Tensor& out, const Tensor& out_gradient, Tensor& in_gradient);
void tanh_forward(const Tensor& in, Tensor& out);
void tanh_backward(const Tensor& out, const Tensor& out_gradient, Tensor& in_gradient);

// Of an input with height = width = 1 beside a larger one, its number counts for the whole channel and its gradient is
// the sum over it.
void multiply_forward(const Tensor& a, const Tensor& b, Tensor& out);
void multiply_backward(const Tensor& a, const Tensor& b, const Tensor& out_gradient, Tensor& to_a, Tensor& to_b);
void subtract_forward(const Tensor& a, const Tensor& b, Tensor& out);
void subtract_backward(const Tensor& out_gradient, Tensor& to_a, Tensor& to_b);
void divide_forward(const Tensor& a, const Tensor& b, Tensor& out);
void divide_backward(const Tensor& a, const Tensor& b, const Tensor& out_gradient, Tensor& to_a, Tensor& to_b);

void upsample_forward(const layer::Upsample& up, const Tensor& in, Tensor& out);
void upsample_backward(const layer::Upsample& up, const Tensor& out_gradient, Tensor& in_gradient);
void transpose_forward(const layer::Transpose& transpose, const Tensor& in, Tensor& out);
void transpose_backward(const layer::Transpose& transpose, const Tensor& out_gradient, Tensor& in_gradient);

void slice_forward(const layer::Slice& slice, const Tensor& in, Tensor& out);
void slice_backward(const layer::Slice& slice, const Tensor& out_gradient, Tensor& in_gradient);
void shuffle_forward(const layer::Shuffle& shuffle, const Tensor& in, Tensor& out);
void shuffle_backward(const layer::Shuffle& shuffle, const Tensor& out_gradient, Tensor& in_gradient);

// Ba, Kiros and Hinton, "Layer normalization", arXiv 1607.06450, over channels.
void layer_norm_forward(double epsilon, const Tensor& in, Values gamma, Values beta, Tensor& out);
void layer_norm_backward(double epsilon, const Tensor& in, Values gamma, const Tensor& out_gradient,
                         Tensor& in_gradient, Gradients gamma_gradient, Gradients beta_gradient);

}  // namespace agewise::nn::reference
