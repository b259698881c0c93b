// What a weight file of another program holds: named arrays, no network.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace agewise::weights {

struct NamedArray {
  std::string name;  // "conv1_1.weight"
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // row-major
};

struct WeightFile {
  std::vector<NamedArray> arrays;    // in the file's order
  std::string network;               // a caffemodel's name of its network
  std::vector<std::string> skipped;  // names of arrays of whole numbers
};

}  // namespace agewise::weights
