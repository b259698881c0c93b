// Any bytes are a catalog or an Error. The reader maps files: each input is a file in memory.
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "agewise/base/error.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/screen.h"

namespace {

using agewise::catalog::Catalog;

void read(Catalog (*reader)(const std::filesystem::path&), const std::string& file) {
  try {
    for (const agewise::catalog::CatalogRow& row : reader(file).rows) agewise::catalog::screen(row, {});
  } catch (const agewise::base::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const int file = ::memfd_create("labels.mat", 0);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  std::string path = "/proc/self/fd/" + std::to_string(file);
  read(agewise::catalog::read_imdb_wiki, path);
  read(agewise::catalog::read_cacd, path);
  return 0;
}
