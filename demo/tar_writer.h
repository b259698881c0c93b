// A tar that appears whole or not at all.
#pragma once
#include <memory>
#include <string>

#include "agewise/base/files.h"

struct archive;

namespace agewise::demo {

class TarWriter {
 public:
  explicit TarWriter(const std::filesystem::path& file);

  // A regular file with mode 644 and no date, so that the same content is the same tar.
  void add(const std::string& name, std::span<const std::byte> content);
  void commit();  // without it nothing is left of the tar

 private:
  struct Free {
    void operator()(archive* tar) const;
  };
  void check(int result) const;

  std::filesystem::path file_;
  base::FileWriter writer_;
  std::unique_ptr<archive, Free> tar_;  // writes to writer_: gone before it
};

}  // namespace agewise::demo
