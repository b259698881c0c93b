// MAT v5 files put together by hand, element by element (MathWorks, "MAT-File Format"): any storage type, and lengths
// that lie.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace agewise::catalog::mat_bytes {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

inline std::string word(std::uint32_t value) { return bytes_of(std::vector<std::uint32_t>{value}); }

// Its data in the tag if they are of at most four bytes and `small` says so.
inline std::string element(std::uint32_t type, std::string data, bool small = false) {
  auto size = static_cast<std::uint32_t>(data.size());
  bool within = small && size > 0 && size <= 4;
  std::string tag = within ? word(size << 16 | type) : word(type) + word(size);
  std::string whole = tag + data;
  whole.resize((whole.size() + 7) / 8 * 8);
  return whole;
}

// Class: 1 cell, 2 struct, 4 char, 6 double … 15 uint64.
inline std::string array(std::uint32_t array_class, const std::vector<std::int32_t>& dimensions,
                         const std::string& content, const std::string& name = "") {
  std::string inside = element(6, word(array_class) + word(0)) + element(5, bytes_of(dimensions)) + element(1, name);
  return element(14, inside + content);
}

using Fields = std::vector<std::pair<std::string, std::string>>;  // name and array

inline std::string structure(const std::string& name, const Fields& fields) {
  std::string names, arrays;
  for (const auto& [field, content] : fields) {
    std::string padded = field;
    padded.resize(32);
    names += padded;
    arrays += content;
  }
  return array(2, {1, 1}, element(5, word(32), true) + element(1, names) + arrays, name);
}

inline std::string file(const std::string& variables) {
  std::string header = "MATLAB 5.0 MAT-file, put together by hand";
  header.resize(124, ' ');
  return header + std::string("\x00\x01IM", 4) + variables;
}

}  // namespace agewise::catalog::mat_bytes
