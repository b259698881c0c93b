#include "agewise/nn/cpu/plan/layouts.h"

namespace agewise::nn::cpu {

int channel_block(const dnnl::memory::desc& layout) {
  using Tag = dnnl::memory::format_tag;
  for (auto [tag, block] : {std::pair(Tag::nChw16c, 16), std::pair(Tag::nChw8c, 8)}) {
    if (layout == dnnl::memory::desc(layout.dims(), layout.data_type(), tag)) return block;
  }
  return 0;
}

bool is_canonical(const dnnl::memory::desc& layout) {
  return layout == dnnl::memory::desc(layout.dims(), layout.data_type(), dnnl::memory::format_tag::nchw);
}

dnnl::memory::desc channels_last(const dnnl::memory::desc& of_the_same_shape) {
  return {of_the_same_shape.dims(), of_the_same_shape.data_type(), dnnl::memory::format_tag::nhwc};
}

bool is_channels_last(const dnnl::memory::desc& layout) { return layout == channels_last(layout); }

}  // namespace agewise::nn::cpu
