// Where each parameter lies in the flat buffers, and the way from there to canonical layout and back.
#pragma once
#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <vector>

#include "agewise/nn/optimiser.h"

namespace agewise::nn::cpu {

// One parameter's layouts. `own` is what the kernels use. Where the kernels see the weights as a matrix whose columns
// follow a blocked activation, `between` is that order with the weights' own four axes: plain ⇄ between, then, as a
// matrix, ⇄ own.
struct ParameterLayout {
  dnnl::memory::desc plain, own;
  dnnl::memory::desc between = {};         // ndims 0: not needed
  dnnl::memory::desc between_matrix = {};  // the same bytes
};

class ParameterMap {
 public:
  explicit ParameterMap(const Graph& graph);

  // Gives the parameter of the step of that number a place after all that were added before; returns its offset in
  // floats.
  std::size_t add(int parameter, int step, const ParameterLayout& layout);

  std::size_t size() const { return size_; }  // of a flat buffer, in floats
  const std::vector<ParameterBlock>& blocks() const { return blocks_; }
  const std::vector<ParameterInfo>& infos() const { return infos_; }
  int first_of(int layer) const;  // the layer's first parameter; the others follow it

  // The part of all plain parameters that is this one.
  std::span<const float> part(std::span<const float> plain, int parameter) const;

  void to_plain(const dnnl::engine& engine, std::span<const float> own, std::span<float> plain) const;
  void from_plain(const dnnl::engine& engine, std::span<const float> plain, std::span<float> own) const;
  // Of one of blocks() only.
  void block_from_plain(const dnnl::engine& engine, std::size_t block, std::span<const float> plain,
                        std::span<float> own) const;

 private:
  std::vector<ParameterInfo> infos_;
  std::vector<std::size_t> plain_offsets_;
  std::vector<ParameterLayout> layouts_;  // as blocks_
  std::vector<ParameterBlock> blocks_;
  std::size_t size_ = 0;
};

// Copies from one layout to another, both of the same logical shape; padding of the target becomes 0.
void reorder(const dnnl::engine& engine, const dnnl::memory::desc& from, const float* source,
             const dnnl::memory::desc& to, float* target);

}  // namespace agewise::nn::cpu
