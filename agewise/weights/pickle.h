// Python's pickles as far as torch.save() writes them, up to protocol 5: a reader of data that calls nothing. The
// functions that make tensors and dictionaries are understood here, not run; whatever else is named or called becomes
// an object of which nothing is known.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace agewise::weights {

// A value; items are indices into Pickle::values. Lists, tuples and dictionaries may share items.
struct PickleValue {
  enum class Kind {
    none,      // also whatever is of no interest: flags, settings, texts of other types
    integer,   // number
    big,       // text: its bytes, little-endian
    text,      // text
    sequence,  // items: a tuple or list
    dict,      // items: key, value, key, value …
    name,      // text: "torch._utils _rebuild_tensor_v2"
    storage,   // text: its key; items: the storage's type (a name); number: how many numbers it holds
    tensor,    // items: storage, then two sequences: lengths and strides; number: where in the storage it begins
    object,    // of an unknown type, text: its name; items as a dictionary's, what was put into it
  };
  Kind kind = Kind::none;
  std::int64_t number = 0;
  std::string text;
  std::vector<int> items;
};

struct Pickle {
  std::vector<PickleValue> values;
  int root = 0;
  std::size_t bytes = 0;  // read: the next pickle of the same file begins there
};

// Reads one pickle from the beginning of `bytes`. Throws Error for what is no pickle, or not whole. Memory stays in
// proportion to `bytes`.
Pickle read_pickle(std::span<const std::byte> bytes);

}  // namespace agewise::weights
