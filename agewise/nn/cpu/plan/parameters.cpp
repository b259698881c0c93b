#include "agewise/nn/cpu/plan/parameters.h"

#include <algorithm>
#include <stdexcept>

#include "agewise/nn/cpu/plan/memory_plan.h"

namespace agewise::nn::cpu {
namespace {

constexpr std::size_t kFloatsInLine = kAlignment / sizeof(float);

void check_size(std::size_t is, std::size_t expected, const char* what) {
  if (is != expected) throw std::invalid_argument(std::string(what) + ": a buffer of another size");
}

}  // namespace

ParameterMap::ParameterMap(const Graph& graph) : infos_(parameters_of(graph)) {
  std::size_t offset = 0;
  for (const ParameterInfo& info : infos_) {
    plain_offsets_.push_back(offset);
    offset += static_cast<std::size_t>(info.size());
  }
}

std::size_t ParameterMap::add(int parameter, int step, const ParameterLayout& layout) {
  std::size_t offset = size_, floats = layout.own.get_size() / sizeof(float);
  floats = (floats + kFloatsInLine - 1) / kFloatsInLine * kFloatsInLine;
  blocks_.push_back({offset, floats, parameter, step});
  layouts_.push_back(layout);
  size_ += floats;
  return offset;
}

int ParameterMap::first_of(int layer) const {
  auto found = std::find_if(infos_.begin(), infos_.end(), [&](const ParameterInfo& p) { return p.layer == layer; });
  if (found == infos_.end()) throw std::logic_error("a layer without parameters was asked for them");
  return static_cast<int>(found - infos_.begin());
}

std::span<const float> ParameterMap::part(std::span<const float> plain, int parameter) const {
  check_size(plain.size(), static_cast<std::size_t>(parameter_count(infos_)), "parameters");
  auto index = static_cast<std::size_t>(parameter);
  return plain.subspan(plain_offsets_[index], static_cast<std::size_t>(infos_[index].size()));
}

void ParameterMap::to_plain(const dnnl::engine& engine, std::span<const float> own, std::span<float> plain) const {
  check_size(own.size(), size_, "to_plain");
  check_size(plain.size(), static_cast<std::size_t>(parameter_count(infos_)), "to_plain");
  std::vector<float> between;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const ParameterLayout& layout = layouts_[i];
    const float* source = own.data() + blocks_[i].offset;
    float* target = plain.data() + plain_offsets_[static_cast<std::size_t>(blocks_[i].parameter)];
    if (layout.between.data.ndims == 0) {
      reorder(engine, layout.own, source, layout.plain, target);
    } else {
      between.resize(layout.between.get_size() / sizeof(float));
      reorder(engine, layout.own, source, layout.between_matrix, between.data());
      reorder(engine, layout.between, between.data(), layout.plain, target);
    }
  }
}

void ParameterMap::from_plain(const dnnl::engine& engine, std::span<const float> plain, std::span<float> own) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) block_from_plain(engine, i, plain, own);
}

void ParameterMap::block_from_plain(const dnnl::engine& engine, std::size_t block, std::span<const float> plain,
                                    std::span<float> own) const {
  check_size(own.size(), size_, "from_plain");
  const ParameterLayout& layout = layouts_[block];
  const float* source = part(plain, blocks_[block].parameter).data();
  float* target = own.data() + blocks_[block].offset;
  if (layout.between.data.ndims == 0) {
    reorder(engine, layout.plain, source, layout.own, target);
  } else {
    std::vector<float> between(layout.between.get_size() / sizeof(float));
    reorder(engine, layout.plain, source, layout.between, between.data());
    reorder(engine, layout.between_matrix, between.data(), layout.own, target);
  }
}

void reorder(const dnnl::engine& engine, const dnnl::memory::desc& from, const float* source,
             const dnnl::memory::desc& to, float* target) {
  dnnl::stream stream(engine);
  dnnl::memory in(from, engine, const_cast<float*>(source)), out(to, engine, target);  // oneDNN has no const memory
  dnnl::reorder(in, out).execute(stream, in, out);
  stream.wait();
}

}  // namespace agewise::nn::cpu
