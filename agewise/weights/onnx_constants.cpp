#include "agewise/weights/onnx_constants.h"

#include <algorithm>

namespace agewise::weights::onnx_constants {

std::int64_t product(const OnnxNode& node, const Dims& dims, std::int64_t most) {
  std::int64_t count = 1;
  for (std::int64_t length : dims) {
    if (length < 0 || __builtin_mul_overflow(count, length, &count) || count > most)
      node.refuse("a constant has an impossible or too large shape");
  }
  if (dims.size() > kMostAxes) node.refuse("a constant has an impossible or too large shape");
  return count;
}

OnnxConstant picked(const OnnxConstant& from, Dims dims, const std::vector<std::int64_t>& places) {
  OnnxConstant out{std::move(dims), {}, {}};
  for (std::int64_t place : places) {
    auto at = static_cast<std::size_t>(place);
    is_whole(from) ? out.integers.push_back(from.integers[at]) : out.numbers.push_back(from.numbers[at]);
  }
  return out;
}

Dims strides_of(const Dims& own, const Dims& dims) {
  Dims strides(dims.size(), 0);
  std::int64_t step = 1;
  for (std::size_t i = own.size(); i-- > 0;) {
    if (own[i] != 1) strides[i + dims.size() - own.size()] = step;
    step *= own[i];
  }
  return strides;
}

std::vector<std::int64_t> places_of(const Dims& dims, const Dims& strides, std::int64_t begin, std::int64_t count) {
  std::vector<std::int64_t> places;
  Dims index(dims.size(), 0);
  std::int64_t place = begin;
  for (std::int64_t i = 0; i < count; ++i) {
    places.push_back(place);
    for (std::size_t axis = dims.size(); axis-- > 0;) {
      place += strides[axis];
      if (++index[axis] < dims[axis]) break;
      place -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return places;
}

Dims stretched(const OnnxNode& node, const Dims& a, const Dims& b) {
  Dims dims(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < dims.size(); ++i) {
    std::int64_t of_a = i < a.size() ? a[a.size() - 1 - i] : 1, of_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (of_a != of_b && of_a != 1 && of_b != 1) node.refuse("the shapes of the constants do not match");
    dims[dims.size() - 1 - i] = of_a == 1 ? of_b : of_a;
  }
  return dims;
}

OnnxConstant expanded(const OnnxNode& node, const OnnxConstant& from, const Dims& dims, std::int64_t most) {
  Dims all = stretched(node, from.dims, dims);
  std::int64_t count = product(node, all, most);
  if (from.dims == all) return from;
  return picked(from, all, places_of(all, strides_of(from.dims, all), 0, count));
}

std::int64_t axis_of(const OnnxNode& node, std::int64_t axis, std::size_t rank) {
  auto axes = static_cast<std::int64_t>(rank);
  if (axis < 0) axis += axes;
  if (axis < 0 || axis >= axes) node.refuse("there is no such axis");
  return axis;
}

}  // namespace agewise::weights::onnx_constants
