#include "tests/nn/golden.h"

#include <cmath>
#include <fstream>
#include <map>

namespace agewise::nn {

std::vector<float> golden_numbers(std::uint64_t key, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t h = (i * 2654435761ULL + key * 40503 + 12345) % (1ULL << 32);
    h = ((h ^ (h >> 15)) * 2246822519ULL) % (1ULL << 32);
    h = ((h ^ (h >> 13)) * 3266489917ULL) % (1ULL << 32);
    values[i] = static_cast<float>(static_cast<double>(h ^ (h >> 16)) / 4294967296.0 - 0.5);
  }
  return values;
}

std::vector<float> golden_parameters(const Graph& graph) {
  std::vector<float> all;
  std::uint64_t key = 0;
  for (const ParameterInfo& info : parameters_of(graph)) {
    bool norm = std::holds_alternative<layer::BatchNorm>(graph.layers[info.layer].kind);
    bool around_one = info.name.ends_with(".running_var") || (norm && info.name.ends_with(".weight"));
    double fan_in = static_cast<double>(info.size()) / static_cast<double>(info.shape[0]);
    auto scale = static_cast<float>(info.decayed ? 3 / std::sqrt(fan_in) : around_one ? 0.5 : 0.2);
    for (float value : golden_numbers(key++, static_cast<std::size_t>(info.size())))
      all.push_back(value * scale + (around_one ? 1.0F : 0.0F));
  }
  return all;
}

std::vector<float> array_of(Executable& network, Array array, const Graph& graph) {
  std::vector<float> values(static_cast<std::size_t>(parameter_count(parameters_of(graph))));
  network.get(array, values);
  return values;
}

const std::vector<double>& golden(const std::string& name) {
  static const std::map<std::string, std::vector<double>> all = [] {
    std::map<std::string, std::vector<double>> lines;
    std::ifstream in(AGEWISE_SOURCE_DIR "/tests/nn/golden/golden.txt");
    std::string line_name;
    std::size_t count = 0;
    while (in >> line_name >> count) {
      std::vector<double>& values = lines[line_name];
      values.resize(count);
      for (double& value : values) in >> value;
    }
    return lines;
  }();
  return all.at(name);
}

}  // namespace agewise::nn
