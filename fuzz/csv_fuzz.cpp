// Any text is a catalog or an Error; rows can be screened and split whatever they hold.
#include "agewise/base/error.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/screen.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool csv : {true, false}) {
    try {
      agewise::catalog::Catalog catalog =
          csv ? agewise::catalog::parse_table(text, "fuzz", "fuzz") : agewise::catalog::parse_names(text, "fuzz");
      std::vector<const agewise::catalog::CatalogRow*> kept;
      for (const agewise::catalog::CatalogRow& row : catalog.rows) {
        if (agewise::catalog::screen(row, {}) == agewise::catalog::Reason::none) kept.push_back(&row);
      }
      agewise::catalog::assign_splits(kept, {});
    } catch (const agewise::base::Error&) {
    }
  }
  return 0;
}
