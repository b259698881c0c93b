// The numbers of golden/golden.txt, and the formula that golden/make_golden.py and the tests share.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "agewise/nn/engine.h"

namespace agewise::nn {

// Pseudo-random numbers in [-0.5, 0.5), as make_golden.py's numbers().
std::vector<float> golden_numbers(std::uint64_t key, std::size_t count);

// Parameters by the formula, as make_golden.py's fill(): canonical layout.
std::vector<float> golden_parameters(const Graph& graph);

// What an executable of `graph` that trains holds: canonical layout.
std::vector<float> array_of(Executable& network, Array array, const Graph& graph);

// What PyTorch computed under this name. Throws if golden.txt has no such line.
const std::vector<double>& golden(const std::string& name);

}  // namespace agewise::nn
