// A graph as an ONNX file, for inference: dropout passes through, normalisation uses the running statistics.
#pragma once
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/nn/graph.h"

namespace agewise::weights {

// What is around the graph. Its one input is N × C × H × W, N open.
struct OnnxFrame {
  std::vector<double> mean;  // (input - mean) · scale comes before the graph; one mean a channel, or none
  double scale = 1;
  bool softmax = false;                             // comes after it
  double factor = 1;                                // and multiplies the end
  std::string input = "pixels", output = "output";  // of several outputs the second is "output2" …
  std::map<std::string, std::string> notes;         // metadata_props
};

// The file's bytes: operators of version 13, with layer normalisation of 17. `parameters` in canonical layout. Throws
// std::invalid_argument if they are not the graph's, or the graph has not one input.
std::string onnx_of(const nn::Graph& graph, std::span<const float> parameters, const OnnxFrame& frame);

// Written whole or not at all (base/files.h). Throws Error naming the file; larger than 2 GiB cannot be.
void write_onnx(const std::filesystem::path& file, const nn::Graph& graph, std::span<const float> parameters,
                const OnnxFrame& frame);

// Whether an ONNX file that begins like this was written by write_onnx().
bool is_onnx_of_agewise(std::string_view beginning);

}  // namespace agewise::weights
