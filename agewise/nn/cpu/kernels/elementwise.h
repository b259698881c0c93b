// Our own kernels on runs of numbers, vectorised for the instruction set at hand and on all threads. Each element is
// computed alone: the same bits whatever the thread count. `n` is in floats.
#pragma once
#include <cstddef>

namespace agewise::nn::cpu {

void add_to(const float* from, float* to, std::size_t n);
void add(const float* a, const float* b, float* sum, std::size_t n);  // sum may be a or b
void fill_zero(float* to, std::size_t n);
void copy(const float* from, float* to, std::size_t n);
void relu(const float* in, float* out, std::size_t n);  // out may be in
// `changed` = gradient where the output was above 0, else 0; may be `gradient`.
void relu_backward(const float* output, const float* gradient, float* changed, std::size_t n);

}  // namespace agewise::nn::cpu
