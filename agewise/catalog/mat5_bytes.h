// One variable of a MAT v5 file, unpacked piece by piece as it is read: no copy of the whole is ever in memory.
#pragma once
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "agewise/catalog/mat5_elements.h"

namespace agewise::catalog::mat5 {

// Reads forward only. `file` is what errors name.
class VariableBytes {
 public:
  // `element` is the variable at the top level of a file, compressed or not, and `with_tag` the same with its tag; the
  // bytes must outlive this object.
  VariableBytes(std::filesystem::path file, const Element& element, Bytes with_tag);

  // The next bytes, without taking them: `most`, or fewer where the variable is shorter or damaged.
  Bytes peek(std::size_t most);

  // The next `size` bytes, valid until the next call. Throws base::Error where there are fewer.
  Bytes take(std::size_t size);

  // How many bytes have been taken.
  std::uint64_t position() const { return taken_; }

  // Throws base::Error unless everything has been taken and the checksum of compressed data is right.
  void finish();

 private:
  struct EndInflating {
    void operator()(z_stream* stream) const;
  };

  bool inflate_more();  // false: there is no more, or it is damaged
  [[noreturn]] void fail_as_damaged() const;

  std::filesystem::path file_;
  Bytes ready_;  // not taken yet: of the file itself, or within buffer_
  std::uint64_t taken_ = 0;
  std::unique_ptr<z_stream, EndInflating> stream_;  // null: not compressed
  bool ended_ = true, sound_ = true;                // of the compressed data
  std::vector<std::byte> buffer_;
};

}  // namespace agewise::catalog::mat5
