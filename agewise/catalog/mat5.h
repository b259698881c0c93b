// MAT v5 files (MathWorks, "MAT-File Format"): a struct's fields, one after the other, as they are unpacked.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/base/files.h"
#include "agewise/catalog/mat5_array.h"
#include "agewise/catalog/mat5_bytes.h"

namespace agewise::catalog::mat5 {

struct Field {
  std::string name;
  std::uint64_t count = 0;  // of elements, as the file says
};

// Of all variables in the file, in its order; empty for one whose name cannot be told. Throws as StructReader does.
std::vector<std::string> names_of_variables(const std::filesystem::path& file);

// Reads a 1×1 struct of real numeric arrays, char arrays, and cell arrays of those two. Every length is checked before
// anything is allocated for it. All functions throw base::Error that names the file, the field and what is wrong.
class StructReader {
 public:
  // Stands before the first field of the first variable called one of `names`. The file is one of a little-endian
  // machine.
  StructReader(const std::filesystem::path& file, std::initializer_list<std::string_view> names);

  const std::string& name() const { return name_; }

  // The next field, in the file's order; one that has been passed over is checked all the same. nullopt: that was the
  // last, and nothing is behind it.
  std::optional<Field> next();

  // The elements of the field that next() gave, in order; at most one of the two, once. The array is valid within
  // `take`.
  void numbers(const std::function<void(std::size_t i, double value)>& take);
  void cells(const std::function<void(std::size_t i, const Array& cell)>& take);

  [[noreturn]] void fail(std::string_view field, const std::string& problem) const;

 private:
  struct Head {
    std::uint32_t array_class = 0;  // 0: an empty cell
    std::uint64_t count = 0;
    std::uint64_t end = 0;  // position of its last byte, and one
  };

  void open(std::initializer_list<std::string_view> names);
  void read_field_names();
  Bytes take(std::uint64_t size, std::uint64_t end);
  Element element(std::uint64_t end, std::uint64_t most);
  Bytes element_of(std::uint32_t type, std::uint64_t end, std::uint64_t most);
  Head array(std::uint64_t end);
  std::uint64_t count_in(Bytes dimensions) const;
  Array leaf(const Head& head);
  [[noreturn]] void fail_here(const std::string& problem) const;

  std::filesystem::path file_;
  base::MappedFile mapped_;
  std::string name_;
  std::optional<VariableBytes> bytes_;
  std::uint64_t end_ = 0;
  std::vector<std::string> fields_;
  std::size_t next_ = 0;             // of fields_
  Head field_;                       // the one that next() gave
  bool unread_ = false;              // nothing of it has been taken
  std::optional<std::size_t> cell_;  // of it, while one is read
};

}  // namespace agewise::catalog::mat5
