#include "agewise/weights/onnx_fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "agewise/weights/onnx_constants.h"

namespace agewise::weights {
namespace {

using onnx_constants::axis_of, onnx_constants::is_whole, onnx_constants::kMostAxes, onnx_constants::kMostNumbers,
    onnx_constants::picked, onnx_constants::places_of, onnx_constants::stretched, onnx_constants::strides_of;
using Dims = onnx_constants::Dims;

class Folder {
 public:
  Folder(OnnxReader& reader, OnnxNode& node) : reader_(reader), node_(node) {}

  bool fold() {
    const std::string& kind = node_.kind();
    if (kind == "Shape" || kind == "Size") return fold_shape(kind == "Size");
    if (kind == "CastLike" && reader_.is_constant(node_.input(0))) return give(cast_like());
    if (!all_constant()) return false;
    if (kind == "Cast") return give(cast(in(0)));
    if (kind == "Concat") return give(concatenated());
    if (kind == "ConstantOfShape") return give(constant_of_shape());
    if (kind == "Expand") return give(expanded(in(0), whole(1)));
    if (kind == "Gather") return give(gathered());
    if (kind == "Range") return give(range());
    if (kind == "ReduceProd") return give(multiplied());
    if (kind == "Reshape") return give(reshaped());
    if (kind == "Slice") return give(sliced());
    if (kind == "Squeeze" || kind == "Unsqueeze") return give(squeezed(kind == "Unsqueeze"));
    if (kind == "Transpose") return give(transposed());
    if (kind == "Where") return give(chosen());
    if (is_one_of(kind, {"Ceil", "Floor", "Neg", "Sqrt"})) return give(function_of(in(0)));
    if (is_one_of(kind, {"Add", "Div", "Equal", "Max", "Min", "Mul", "Sub"})) return give(combined());
    return false;
  }

 private:
  static bool is_one_of(const std::string& kind, std::initializer_list<const char*> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  }

  bool all_constant() const {
    for (int i = 0; i < node_.inputs(); ++i) {
      if (node_.has_input(i) && !reader_.is_constant(node_.input(i))) return false;
    }
    return node_.inputs() > 0;
  }

  OnnxConstant in(int i) {
    OnnxConstant constant = reader_.constant(node_, i);
    most_ += constant.count();
    return constant;
  }
  std::int64_t product(const Dims& dims) const { return onnx_constants::product(node_, dims, most_); }
  OnnxConstant expanded(const OnnxConstant& from, const Dims& dims) const {
    return onnx_constants::expanded(node_, from, dims, most_);
  }
  Dims whole(int i) { return reader_.whole_constant(node_, i); }
  bool give(OnnxConstant constant) {
    reader_.define_constant(node_, std::move(constant));
    return true;
  }

  // Dims of a layer's tensor, or of a constant.
  bool fold_shape(bool size) {
    Dims dims = reader_.is_constant(node_.input(0)) ? in(0).dims : reader_.seen(node_, 0).dims;
    if (size) return give({{}, {}, {product(dims)}});
    auto rank = static_cast<std::int64_t>(dims.size());
    auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
    std::int64_t start = place(node_.integer("start", 0)), end = std::max(start, place(node_.integer("end", rank)));
    Dims part(dims.begin() + start, dims.begin() + end);
    return give({{end - start}, {}, part});
  }

  OnnxConstant cast(OnnxConstant from) {
    constexpr std::int64_t kInt32 = 6, kInt64 = 7, kBool = 9;
    std::int64_t to = node_.integer("to", 0);
    node_.ignore("saturate");
    if (to == kInt32 || to == kInt64 || to == kBool) return made_whole(from, to == kBool);
    return made_real(std::move(from));
  }

  // As the second input is: a layer's tensor, or a constant.
  OnnxConstant cast_like() {
    node_.ignore("saturate");
    bool whole = reader_.is_constant(node_.input(1)) && is_whole(in(1));
    return whole ? made_whole(in(0), false) : made_real(in(0));
  }

  OnnxConstant made_whole(const OnnxConstant& from, bool truth) const {
    OnnxConstant out{from.dims, {}, {}};
    for (float number : from.numbers) out.integers.push_back(truth ? number != 0 : truncated(number));
    for (std::int64_t number : from.integers) out.integers.push_back(truth ? number != 0 : number);
    return out;
  }

  static OnnxConstant made_real(OnnxConstant from) {
    from.numbers.insert(from.numbers.end(), from.integers.begin(), from.integers.end());
    from.integers.clear();
    return from;
  }

  std::int64_t truncated(float number) const {
    constexpr float kMost = 9e15F;
    if (!(std::abs(number) < kMost)) node_.refuse("a number is not whole, or is too large");
    return static_cast<std::int64_t>(number);
  }

  OnnxConstant concatenated() {
    OnnxConstant out = in(0);
    auto axis = static_cast<std::size_t>(axis_of(node_, node_.integer("axis", 0), out.dims.size()));
    for (int i = 1; i < node_.inputs(); ++i) {
      OnnxConstant next = in(i);
      Dims fits = next.dims;
      if (fits.size() == out.dims.size()) fits[axis] = out.dims[axis];
      bool alike = out.count() == 0 || next.count() == 0 || is_whole(out) == is_whole(next);
      if (fits != out.dims || !alike) node_.refuse("the shapes of the constants do not match");
      out = joined(out, next, axis);
    }
    return out;
  }

  OnnxConstant joined(const OnnxConstant& a, const OnnxConstant& b, std::size_t axis) const {
    OnnxConstant out{a.dims, {}, {}};
    out.dims[axis] += b.dims[axis];
    product(out.dims);
    auto rows = static_cast<std::ptrdiff_t>(std::accumulate(
        a.dims.begin(), a.dims.begin() + static_cast<std::ptrdiff_t>(axis), std::int64_t{1}, std::multiplies<>()));
    auto join = [&](const auto& of_a, const auto& of_b, auto& to) {
      std::ptrdiff_t row_a = rows == 0 ? 0 : std::ssize(of_a) / rows, row_b = rows == 0 ? 0 : std::ssize(of_b) / rows;
      for (std::ptrdiff_t i = 0; i < rows; ++i) {
        to.insert(to.end(), of_a.begin() + i * row_a, of_a.begin() + (i + 1) * row_a);
        to.insert(to.end(), of_b.begin() + i * row_b, of_b.begin() + (i + 1) * row_b);
      }
    };
    join(a.numbers, b.numbers, out.numbers);
    join(a.integers, b.integers, out.integers);
    return out;
  }

  OnnxConstant constant_of_shape() {
    Dims dims = whole(0);
    auto count = static_cast<std::size_t>(product(dims));
    const onnx::Attribute* value = node_.attribute("value");
    if (value == nullptr) return {dims, std::vector<float>(count, 0), {}};
    OnnxFolder nowhere{{}};
    OnnxConstant one = read_constant(value->t(), nowhere);
    if (one.count() != 1) node_.refuse("value must be one number");
    if (is_whole(one)) return {dims, {}, Dims(count, one.integers[0])};
    return {dims, std::vector<float>(count, one.numbers[0]), {}};
  }

  OnnxConstant gathered() {
    OnnxConstant from = in(0), at = in(1);
    std::int64_t axis = axis_of(node_, node_.integer("axis", 0), from.dims.size()),
                 length = from.dims[static_cast<std::size_t>(axis)];
    if (!at.numbers.empty()) node_.refuse("indices must be whole numbers");
    auto begin = from.dims.begin();
    Dims dims(begin, begin + axis);
    dims.insert(dims.end(), at.dims.begin(), at.dims.end());
    dims.insert(dims.end(), begin + axis + 1, from.dims.end());
    product(dims);
    std::int64_t outer = std::accumulate(begin, begin + axis, std::int64_t{1}, std::multiplies<>()),
                 inner = std::accumulate(begin + axis + 1, from.dims.end(), std::int64_t{1}, std::multiplies<>());
    std::vector<std::int64_t> places;
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t index : at.integers) {
        if (index < -length || index >= length) node_.refuse("an index is out of range");
        std::int64_t first = (o * length + (index < 0 ? index + length : index)) * inner;
        for (std::int64_t i = 0; i < inner; ++i) places.push_back(first + i);
      }
    }
    return picked(from, dims, places);
  }

  OnnxConstant range() {
    Dims start = whole(0), limit = whole(1), delta = whole(2);
    if (start.size() != 1 || limit.size() != 1 || delta.size() != 1 || delta[0] == 0)
      node_.refuse("start, limit and delta must be single numbers, and delta not 0");
    std::int64_t span = 0;
    if (__builtin_sub_overflow(limit[0], start[0], &span) || delta[0] == std::numeric_limits<std::int64_t>::min())
      node_.refuse("the range is too large");
    bool forward = (span > 0) == (delta[0] > 0);
    std::int64_t step = std::abs(delta[0]),
                 length = span == std::numeric_limits<std::int64_t>::min() ? 0 : std::abs(span);
    std::int64_t count = forward ? (length - 1) / step + (length > 0) : 0;
    product({count});
    OnnxConstant out{{count}, {}, {}};
    for (std::int64_t i = 0; i < count; ++i) out.integers.push_back(start[0] + i * delta[0]);
    return out;
  }

  // Of a list.
  OnnxConstant multiplied() {
    OnnxConstant from = in(0);
    if (from.dims.size() > 1 || !is_whole(from)) node_.refuse("is supported only for constant lists of whole numbers");
    node_.ignore("noop_with_empty_axes");
    node_.ignore("axes");
    std::int64_t all = 1;
    for (std::int64_t number : from.integers) {
      if (__builtin_mul_overflow(all, number, &all)) node_.refuse("a number is too large");
    }
    return {node_.integer("keepdims", 1) != 0 ? Dims{1} : Dims{}, {}, {all}};
  }

  OnnxConstant reshaped() {
    OnnxConstant from = in(0);
    Dims wanted = whole(1);
    bool zero_is_zero = node_.integer("allowzero", 0) != 0;
    std::int64_t known = 1, *open = nullptr;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] == 0 && !zero_is_zero && i < from.dims.size()) wanted[i] = from.dims[i];
      if (wanted[i] == -1 && open == nullptr) {
        open = &wanted[i];
      } else if (wanted[i] < 0 || __builtin_mul_overflow(known, wanted[i], &known)) {
        node_.refuse("an impossible shape");
      }
    }
    if (open != nullptr) *open = known == 0 ? 0 : from.count() / known;
    if (product(wanted) != from.count()) node_.refuse("the new shape has a different number of values");
    from.dims = wanted;
    return from;
  }

  OnnxConstant sliced() {
    OnnxConstant from = in(0);
    Dims starts = whole(1), ends = whole(2), axes(starts.size()), steps(starts.size(), 1);
    std::iota(axes.begin(), axes.end(), 0);
    if (node_.has_input(3)) axes = whole(3);
    if (node_.has_input(4)) steps = whole(4);
    if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
      node_.refuse("starts, ends, axes and steps differ in length");
    Dims dims = from.dims, strides = strides_of(from.dims, from.dims);
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      auto axis = static_cast<std::size_t>(axis_of(node_, axes[i], dims.size()));
      std::int64_t length = from.dims[axis], step = steps[i], low = step > 0 ? 0 : -1,
                   high = step > 0 ? length : length - 1;
      if (step == 0 || std::abs(step) > kMostNumbers) node_.refuse("an impossible step");
      auto place = [&](std::int64_t at) { return std::clamp(at < 0 ? at + length : at, low, high); };
      std::int64_t first = place(starts[i]), last = place(ends[i]), span = step > 0 ? last - first : first - last;
      dims[axis] = span > 0 ? (span + std::abs(step) - 1) / std::abs(step) : 0;
      begin += first * strides[axis];
      strides[axis] *= step;
    }
    return picked(from, dims, places_of(dims, strides, begin, product(dims)));
  }

  OnnxConstant squeezed(bool comes) {
    OnnxConstant from = in(0);
    Dims axes = node_.has_input(1) ? whole(1) : node_.integers("axes", {});
    std::size_t rank = from.dims.size() + (comes ? axes.size() : 0);
    if (rank > kMostAxes) node_.refuse("a constant has an impossible or too large shape");
    std::vector<bool> named(rank, false);
    for (std::int64_t axis : axes) named[static_cast<std::size_t>(axis_of(node_, axis, rank))] = true;
    Dims dims;
    auto next = from.dims.begin();
    for (std::size_t i = 0; i < rank; ++i) {
      if (comes && named[i]) {
        dims.push_back(1);
        continue;
      }
      if (next == from.dims.end()) node_.refuse("an axis is named twice");
      std::int64_t length = *next++;
      bool goes = !comes && (axes.empty() ? length == 1 : named[i]);
      if (goes && length != 1) node_.refuse("the axes do not match the shape");
      if (!goes) dims.push_back(length);
    }
    from.dims = dims;
    return from;
  }

  OnnxConstant transposed() {
    OnnxConstant from = in(0);
    Dims order(from.dims.size()), dims, strides, own = strides_of(from.dims, from.dims);
    std::iota(order.rbegin(), order.rend(), 0);
    order = node_.integers("perm", order);
    Dims sorted = order, all(from.dims.size());
    std::sort(sorted.begin(), sorted.end());
    std::iota(all.begin(), all.end(), 0);
    if (sorted != all) node_.refuse("perm must name each axis once");
    for (std::int64_t axis : order) {
      dims.push_back(from.dims[static_cast<std::size_t>(axis)]);
      strides.push_back(own[static_cast<std::size_t>(axis)]);
    }
    return picked(from, dims, places_of(dims, strides, 0, from.count()));
  }

  OnnxConstant chosen() {
    OnnxConstant which = in(0), yes = in(1), no = in(2);
    Dims dims = stretched(node_, which.dims, stretched(node_, yes.dims, no.dims));
    which = expanded(which, dims);
    yes = expanded(yes, dims);
    no = expanded(no, dims);
    if (is_whole(yes) != is_whole(no) || !is_whole(which)) node_.refuse("the types of the constants do not match");
    for (std::size_t i = 0; i < which.integers.size(); ++i) {
      if (which.integers[i] != 0) continue;
      is_whole(yes) ? void(yes.integers[i] = no.integers[i]) : void(yes.numbers[i] = no.numbers[i]);
    }
    return yes;
  }

  OnnxConstant function_of(OnnxConstant from) {
    const std::string& kind = node_.kind();
    for (float& number : from.numbers) {
      number = kind == "Ceil"    ? std::ceil(number)
               : kind == "Floor" ? std::floor(number)
               : kind == "Neg"   ? -number
                                 : std::sqrt(number);
    }
    for (std::int64_t& number : from.integers) {
      if (kind == "Sqrt" || number == std::numeric_limits<std::int64_t>::min())
        node_.refuse("is not supported for whole numbers");
      if (kind == "Neg") number = -number;
    }
    return from;
  }

  OnnxConstant combined() {
    if (node_.inputs() != 2) node_.refuse("is supported for constants only with two inputs");
    OnnxConstant a = in(0), b = in(1);
    Dims dims = stretched(node_, a.dims, b.dims);
    a = expanded(a, dims);
    b = expanded(b, dims);
    if (a.integers.size() != b.integers.size()) node_.refuse("the types of the constants do not match");
    OnnxConstant out{dims, {}, {}};
    for (std::size_t i = 0; i < a.integers.size(); ++i) out.integers.push_back(of_whole(a.integers[i], b.integers[i]));
    for (std::size_t i = 0; i < a.numbers.size(); ++i) {
      if (node_.kind() == "Equal") {
        out.integers.push_back(a.numbers[i] == b.numbers[i]);
      } else {
        out.numbers.push_back(of_real(a.numbers[i], b.numbers[i]));
      }
    }
    return out;
  }

  std::int64_t of_whole(std::int64_t a, std::int64_t b) const {
    const std::string& kind = node_.kind();
    std::int64_t out = 0;
    bool over = false;
    if (kind == "Add") over = __builtin_add_overflow(a, b, &out);
    if (kind == "Sub") over = __builtin_sub_overflow(a, b, &out);
    if (kind == "Mul") over = __builtin_mul_overflow(a, b, &out);
    if (kind == "Div") {
      over = b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min());
      if (!over) out = a / b;
    }
    if (kind == "Equal") out = a == b ? 1 : 0;
    if (kind == "Max") out = std::max(a, b);
    if (kind == "Min") out = std::min(a, b);
    if (over) node_.refuse("a number is too large");
    return out;
  }

  float of_real(float a, float b) const {
    const std::string& kind = node_.kind();
    if (kind == "Add") return a + b;
    if (kind == "Sub") return a - b;
    if (kind == "Mul") return a * b;
    if (kind == "Div") return a / b;
    return kind == "Max" ? std::max(a, b) : std::min(a, b);
  }

  OnnxReader& reader_;
  OnnxNode& node_;
  std::int64_t most_ = kMostNumbers;  // and as many as in the inputs
};

}  // namespace

bool fold_constants(OnnxReader& reader, OnnxNode& node) { return Folder(reader, node).fold(); }

}  // namespace agewise::weights
