#include "agewise/nn/cpu/steps/thin_gradient.h"

#include <algorithm>

#include "agewise/nn/cpu/kernels/parallel.h"
#include "agewise/nn/cpu/plan/layouts.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

bool has_thin_gradient(const layer::Convolution& convolution, const Tensor& in, const Tensor& out) {
  auto kernel_elements = in.layout().dims()[1] * convolution.kernel_height * convolution.kernel_width;
  return convolution.groups == 1 && kernel_elements <= kMostKernelElements && is_canonical(in.layout()) &&
         channel_block(out.layout()) == vector_floats();
}

ThinGradient::ThinGradient(Plan& plan, const ThinShape& shape, const Tensor& in, const Tensor& weight_gradient,
                           const Tensor& bias_gradient)
    : shape_(shape),
      batch_(plan.batch()),
      offsets_(shape.tap_offsets()),
      pilot_(at(shape.in.channels), 0.0F),
      in_(in),
      bias_gradient_(bias_gradient) {
  int block = vector_floats();
  padded_channels_ = (shape.out.channels + block - 1) / block * block;
  sums_.resize(at(plan.threads()) * at(shape.kernel_elements() + 1) * at(padded_channels_));
  Desc patches({static_cast<dnnl::memory::dim>(at(plan.threads()) * shape.patch_floats())}, kFloat, Tag::a);
  patches_ = plan.allocate(patches);
  blocked_ = plan.allocate({weight_gradient.layout().dims(), kFloat, block == 16 ? Tag::Ohwi16o : Tag::Ohwi8o});
  reorder_ = plan.reorder(blocked_, weight_gradient);
}

void ThinGradient::operator()(const Tensor& out_gradient) {
  std::size_t weights = at(shape_.kernel_elements()) * at(padded_channels_), size = weights + at(padded_channels_);
  std::fill(sums_.begin(), sums_.end(), 0.0F);
  std::size_t row_floats = out_gradient.floats() / at(batch_);
  parallel(batch_, 1, [&](std::int64_t begin, std::int64_t end, int part) {
    float* patches = patches_.data() + at(part) * shape_.patch_floats();
    float* sums = sums_.data() + at(part) * size;
    for (std::int64_t row = begin; row < end; ++row) {
      make_patches(shape_, in_.data() + row * shape_.in.size(), pilot_.data(), {0, shape_.padded_height()}, patches);
      thin_backward(shape_, offsets_.data(), patches, out_gradient.data() + static_cast<std::size_t>(row) * row_floats,
                    sums, sums + weights);
    }
  });
  for (std::size_t i = size; i < sums_.size(); ++i) sums_[i % size] += sums_[i];
  std::copy_n(sums_.begin(), weights, blocked_.data());
  reorder_();
  if (bias_gradient_)
    std::copy_n(sums_.begin() + static_cast<std::ptrdiff_t>(weights), shape_.out.channels, bias_gradient_.data());
}

}  // namespace agewise::nn::cpu
