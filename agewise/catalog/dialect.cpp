#include "agewise/catalog/dialect.h"

#include <csv.h>

#include <algorithm>
#include <array>
#include <new>
#include <tuple>

#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/base/unicode.h"

namespace agewise::catalog {
namespace {

constexpr std::array<char, 5> kDelimiters{',', ';', '\t', '|', ' '};
constexpr std::size_t kLongestHeader = std::size_t{1} << 20;  // bytes looked at for the first record

struct FirstRecord {
  std::vector<std::string> fields;
  bool done = false;
};

void on_field(void* text, std::size_t size, void* record) {
  auto& first = *static_cast<FirstRecord*>(record);
  if (!first.done) first.fields.emplace_back(text == nullptr ? "" : static_cast<const char*>(text), size);
}

void on_record(int, void* record) { static_cast<FirstRecord*>(record)->done = true; }

}  // namespace

std::string to_utf8(std::string text, const std::string& origin) {
  bool little = text.starts_with("\xFF\xFE"), big = text.starts_with("\xFE\xFF");
  bool marked = little || big;
  if (text.size() >= 2 && !marked) {
    little = text[0] != 0 && text[1] == 0;
    big = text[0] == 0 && text[1] != 0;
  }
  if (little || big) {
    std::optional<std::string> converted =
        base::to_utf8(std::string_view(text).substr(marked ? 2 : 0), little ? "UTF-16LE" : "UTF-16BE");
    if (!converted) throw base::Error(origin + ": is not valid UTF-16; save it as UTF-8");
    return *std::move(converted);
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find_first_of("\r\n")); }

std::vector<std::string> first_record(std::string_view text, char delimiter) {
  text = text.substr(0, kLongestHeader);
  FirstRecord first;
  csv_parser parser{};
  if (csv_init(&parser, 0) != 0) throw std::bad_alloc();
  csv_set_delim(&parser, static_cast<unsigned char>(delimiter));
  // A piece at a time: the rest of a large file is of no interest.
  constexpr std::size_t kPiece = 512;
  for (std::size_t at = 0; at < text.size() && !first.done; at += kPiece) {
    std::string_view piece = text.substr(at, kPiece);
    csv_parse(&parser, piece.data(), piece.size(), on_field, on_record, &first);
  }
  if (!first.done) csv_fini(&parser, on_field, on_record, &first);
  csv_free(&parser);
  return first.fields;
}

Dialect dialect_of(std::string_view text, const ColumnNames& wanted) {
  Dialect best;
  std::string_view line = first_line(text);
  if (base::lower(line.substr(0, 4)) == "sep=" && line.size() == 5) {
    best.skip = std::min(text.size(), text.find_first_not_of("\r\n", line.size()));
    best.delimiter = line[4];
    best.header = first_record(text.substr(best.skip), best.delimiter);
    return best;
  }
  std::tuple<bool, std::size_t, std::size_t> most{};
  for (char delimiter : kDelimiters) {
    std::vector<std::string> header = first_record(text, delimiter);
    Layout layout = layout_of(header, wanted);
    std::tuple value{layout.is_complete(), layout.found(), delimiter == ' ' ? 1 : header.size()};
    if (value <= most) continue;
    most = value;
    best.delimiter = delimiter;
    best.header = std::move(header);
  }
  return best;
}

}  // namespace agewise::catalog
