// Any bytes are a catalog or an Error. The reader maps files: each input is a file in memory.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "agewise/base/error.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/screen.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const int file = ::memfd_create("labels.mat", 0);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  try {
    agewise::catalog::Catalog catalog = agewise::catalog::read_imdb_wiki("/proc/self/fd/" + std::to_string(file));
    for (const agewise::catalog::CatalogRow& row : catalog.rows) agewise::catalog::screen(row, {});
  } catch (const agewise::base::Error&) {
  }
  return 0;
}
