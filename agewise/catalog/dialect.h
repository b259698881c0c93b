// How a text file is written: its encoding, and what stands between the columns of a table.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "agewise/catalog/columns.h"

namespace agewise::catalog {

// The text as UTF-8 without a byte order mark. UTF-16 is recognised by its mark or by the zero bytes of a first ASCII
// letter; anything else is given back as it is, whatever its letters. Throws Error naming `origin` if UTF-16 is broken.
std::string to_utf8(std::string text, const std::string& origin);

// The first line, without its end.
std::string_view first_line(std::string_view text);

struct Dialect {
  char delimiter = ',';             // , ; | tab or blank
  std::vector<std::string> header;  // the columns of the first record
  std::size_t skip = 0;             // bytes before it: a line "sep=;" that spreadsheets write
};

// By the first record: that delimiter which shows most columns of ours there, or if none does, most columns.
Dialect dialect_of(std::string_view text, const ColumnNames& wanted);

// The fields of the first record.
std::vector<std::string> first_record(std::string_view text, char delimiter);

}  // namespace agewise::catalog
