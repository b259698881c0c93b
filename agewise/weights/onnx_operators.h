// What each ONNX operator is as a layer (https://onnx.ai/onnx/operators/): one function a kind of node, and what they
// share. All throw Error naming the node.
#pragma once
#include <optional>
#include <vector>

#include "agewise/weights/onnx_reader.h"

namespace agewise::weights::onnx_operators {

using Dims = std::vector<std::int64_t>;

// onnx_windows.cpp
void read_conv(OnnxReader& reader, OnnxNode& node);
void read_max_pool(OnnxReader& reader, OnnxNode& node);
void read_average_pool(OnnxReader& reader, OnnxNode& node);

// onnx_activations.cpp: functions of one number, and what is alike.
void read_clip(OnnxReader& reader, OnnxNode& node);
void read_minimum(OnnxReader& reader, OnnxNode& node);  // and Max
void read_hard_sigmoid(OnnxReader& reader, OnnxNode& node);
void read_swish(OnnxReader& reader, OnnxNode& node);
void read_gelu(OnnxReader& reader, OnnxNode& node);
void read_erf(OnnxReader& reader, OnnxNode& node);
// Whether the node is a step from Erf to GELU, which is then taken.
bool continues_erf(OnnxReader& reader, OnnxNode& node);
void read_layer_norm(OnnxReader& reader, OnnxNode& node);

// onnx_places.cpp: where numbers stand, not what they are.
void read_concat(OnnxReader& reader, OnnxNode& node);
void read_pad(OnnxReader& reader, OnnxNode& node);
void read_resize(OnnxReader& reader, OnnxNode& node);
void read_upsample(OnnxReader& reader, OnnxNode& node);
void read_split(OnnxReader& reader, OnnxNode& node);
void read_slice(OnnxReader& reader, OnnxNode& node);
void read_flatten(OnnxReader& reader, OnnxNode& node);
void read_reshape(OnnxReader& reader, OnnxNode& node);
void read_gather(OnnxReader& reader, OnnxNode& node);
void read_squeeze(OnnxReader& reader, OnnxNode& node);  // and Unsqueeze
void read_transpose(OnnxReader& reader, OnnxNode& node);

// Of a layer's output as a tensor of `rank` axes, the batch in front.
Dims dims_of(const OnnxReader& reader, const nn::Shape& shape, std::size_t rank);

// Adds the layer of one input that gives as many numbers in the same places.
void add_alike(OnnxReader& reader, const OnnxNode& node, nn::LayerKind kind,
               std::vector<std::vector<float>> arrays = {}, const std::string& weight = "");

// Adds the layer of one input that keeps the tensor's rank.
void add_of_one(OnnxReader& reader, const OnnxNode& node, nn::LayerKind kind,
                std::vector<std::vector<float>> arrays = {}, const std::string& weight = "");

// Which of the tensor's axes the channels are.
std::int64_t channel_axis(const OnnxTensor& tensor);

void must_have_pixels(const OnnxNode& node, const OnnxTensor& tensor);

// The constant at an input, which must have this shape.
std::vector<float> numbers_of(OnnxReader& reader, const OnnxNode& node, int input, const Dims& dims);

nn::Padding padding_of(const OnnxNode& node, const Dims& pads);                 // top, left, bottom, right
int small_number(const OnnxNode& node, const char* what, std::int64_t number);  // from 1 to 2^20

}  // namespace agewise::weights::onnx_operators
