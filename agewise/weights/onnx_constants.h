// Constants of several axes while a network is read: their shapes, and their numbers put elsewhere. All throw Error
// naming the node.
#pragma once
#include <vector>

#include "agewise/weights/onnx_node.h"

namespace agewise::weights::onnx_constants {

using Dims = std::vector<std::int64_t>;

constexpr std::int64_t kMostNumbers = 1 << 20;  // of a constant that is larger than those it is made of
constexpr std::size_t kMostAxes = 8;

// How many numbers have this shape: at most `most`, of at most kMostAxes axes.
std::int64_t product(const OnnxNode& node, const Dims& dims, std::int64_t most);

inline bool is_whole(const OnnxConstant& constant) { return constant.numbers.empty(); }

// The numbers at these places, under a shape of as many.
OnnxConstant picked(const OnnxConstant& from, Dims dims, const std::vector<std::int64_t>& places);

// How far apart neighbours along each axis lie; 0 along axes that are stretched from length 1 to `dims`.
Dims strides_of(const Dims& own, const Dims& dims);

// begin + Σ index · stride for every index of `dims`, `count` of them, the last axis first.
std::vector<std::int64_t> places_of(const Dims& dims, const Dims& strides, std::int64_t begin, std::int64_t count);

// The shape to which both stretch, by ONNX's rule of axes counted from the last.
Dims stretched(const OnnxNode& node, const Dims& a, const Dims& b);

// `from` stretched to what it and `dims` stretch to, at most `most` numbers.
OnnxConstant expanded(const OnnxNode& node, const OnnxConstant& from, const Dims& dims, std::int64_t most);

// An axis that counts from the end if below 0, as one from 0 to rank - 1.
std::int64_t axis_of(const OnnxNode& node, std::int64_t axis, std::size_t rank);

}  // namespace agewise::weights::onnx_constants
