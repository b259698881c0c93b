// A oneDNN kernel on memory of its own, to be timed.
#pragma once
#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agewise/nn/cpu/plan/kernel_choice.h"
#include "agewise/nn/cpu/plan/plan.h"

namespace agewise::nn::cpu {

// One way to compute one pass: the arguments with their layouts, and the layout from which the first of them would have
// to be reordered. Used while the plan lives.
template <class Primitive>
Candidate candidate(const Plan& plan, std::string name, const typename Primitive::primitive_desc& description,
                    std::vector<std::pair<int, dnnl::memory::desc>> arguments, const dnnl::memory::desc& first_is) {
  arguments.emplace_back(DNNL_ARG_SCRATCHPAD, description.scratchpad_desc());
  auto prepare = [=, &plan]() -> std::function<void()> {
    std::unordered_map<int, dnnl::memory> memories;
    for (const auto& [role, layout] : arguments) {
      dnnl::memory memory(layout, plan.engine());
      if (std::size_t size = layout.get_size(); size > 0)
        std::memset(memory.get_data_handle(), 0, size);  // what the heap held may be slow numbers
      memories.emplace(role, memory);
    }
    dnnl::memory& first = memories.at(arguments.front().first);
    dnnl::memory given(first_is, plan.engine());
    dnnl::reorder reorder = first_is == first.get_desc() ? dnnl::reorder() : dnnl::reorder(given, first);
    return [=, primitive = Primitive(description), stream = plan.stream()]() mutable {
      if (reorder) reorder.execute(stream, given, first);
      primitive.execute(stream, memories);
      stream.wait();
    };
  };
  return {std::move(name), prepare};
}

}  // namespace agewise::nn::cpu
