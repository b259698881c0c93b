// Caffe's weight files: a NetParameter message (caffe.proto), with layers as they were until 2014 or since.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>

#include "agewise/weights/arrays.h"

namespace agewise::weights {

// A layer's blobs are named LAYER.weight, LAYER.bias, LAYER.blob2 …. Shapes of old files always have four axes: those
// of length 1 in front stay. Files of up to 2 GiB. Throws Error that names file and layer; memory stays in proportion
// to the file.
WeightFile read_caffemodel(const std::filesystem::path& file);
WeightFile parse_caffemodel(std::span<const std::byte> file);  // errors without the file's name

// Whether the file begins as one does: with its network's name or a layer.
bool is_caffemodel(const std::filesystem::path& file);

}  // namespace agewise::weights
