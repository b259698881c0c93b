// Which of oneDNN's layouts an activation has.
#pragma once
#include <oneapi/dnnl/dnnl.hpp>

namespace agewise::nn::cpu {

// Channels in a block of a dense nChw16c or nChw8c layout; 0 for any other layout.
int channel_block(const dnnl::memory::desc& layout);

// Dense N × C × H × W, nothing padded.
bool is_canonical(const dnnl::memory::desc& layout);

// Dense N × H × W × C.
bool is_channels_last(const dnnl::memory::desc& layout);
dnnl::memory::desc channels_last(const dnnl::memory::desc& of_the_same_shape);

}  // namespace agewise::nn::cpu
