// MAT v5 files (MathWorks, "MAT-File Format"): the struct that is wanted, unpacked and checked, alone in a file in
// memory. matio is given only that, because it crashes on damaged files, and because in a compressed one it copies the
// decompressor's state for each cell: three quarters of the time that wiki.mat took.
#pragma once
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace agewise::catalog {

// A file without a name, gone when this object is.
class MemoryFile {
 public:
  MemoryFile();
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&&) = delete;
  ~MemoryFile();
  void append(std::span<const std::byte> piece);  // throws Error where memory is full
  std::filesystem::path path() const;             // to open it by, in this process

 private:
  int descriptor_;
};

struct Mat5Struct {
  std::string name;
  MemoryFile file;  // a MAT v5 file, not compressed, with this variable only
};

// The first variable called one of `names`. It is a 1×1 struct of real numeric arrays, char arrays, and cell arrays of
// those two, with all lengths as the format demands. Throws Error that names `file` and what is wrong for anything
// else, and for a file that is no MAT v5 file of a little-endian machine.
Mat5Struct extract_struct(const std::filesystem::path& file, std::initializer_list<std::string_view> names);

// The check alone, of the variable `name`: `element` is its whole data element, tag included. Throws Error as above.
void check_struct(const std::filesystem::path& file, const std::string& name, std::span<const std::byte> element);

}  // namespace agewise::catalog
