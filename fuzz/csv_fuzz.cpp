// Any text is a catalog or an Error; rows can be screened and split whatever they hold.
#include "agewise/base/error.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/screen.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool csv : {true, false}) {
    try {
      agewise::Catalog catalog = csv ? agewise::parse_csv(text, "fuzz", "fuzz") : agewise::parse_utkface_names(text);
      std::vector<const agewise::CatalogRow*> kept;
      for (const agewise::CatalogRow& row : catalog.rows) {
        if (agewise::screen(row, {}) == agewise::Reason::none) kept.push_back(&row);
      }
      agewise::assign_splits(kept, {});
    } catch (const agewise::Error&) {
    }
  }
  return 0;
}
