#include <algorithm>
#include <array>
#include <charconv>

#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/catalog/labels.h"

namespace agewise::catalog {
namespace {

constexpr std::array<const char*, 5> kRaces{"White", "Black", "Asian", "Indian", "Others"};

// The whole number at the beginning of `text`, which must end at an underscore; both are taken off.
std::optional<int> leading_number(std::string_view& text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data() + text.size() || *end != '_') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return value;
}

bool is_picture(const std::filesystem::path& file) {
  std::string extension = base::lower(file.extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

}  // namespace

std::string utkface_race(const std::string& text) {
  bool digit = text.size() == 1 && text[0] >= '0' && text[0] <= '4';
  return digit ? kRaces[static_cast<std::size_t>(text[0] - '0')] : text;
}

CatalogRow utkface_row(const std::string& name) {
  CatalogRow row;
  row.file = name;
  row.source = "utkface";
  std::string_view rest(name);
  rest.remove_prefix(rest.find_last_of('/') + 1);  // npos + 1 is 0
  std::optional<int> age = leading_number(rest);
  if (!age) return row;
  row.age = *age;
  std::optional<int> gender = leading_number(rest);
  if (gender == 0) row.gender = Gender::male;
  if (gender == 1) row.gender = Gender::female;
  std::optional<int> race = gender ? leading_number(rest) : std::nullopt;
  if (race) row.race = utkface_race(std::to_string(*race));
  return row;
}

Catalog parse_utkface_names(std::string_view text) {
  Catalog catalog;
  catalog.kind = "UTKFace names";
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (!line.empty() && line.back() != '/') catalog.rows.push_back(utkface_row(std::string(line)));
  }
  return catalog;
}

Catalog read_utkface_folder(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  try {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && is_picture(entry.path()))
        names.push_back(entry.path().lexically_relative(folder).generic_string());
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw base::system_error(error.path1(), "cannot be looked through", error.code().value());
  }
  if (names.empty()) throw base::file_error(folder, "holds no .jpg or .png, so it is no folder of UTKFace pictures");
  std::sort(names.begin(), names.end());
  Catalog catalog;
  catalog.kind = "UTKFace names";
  for (const std::string& name : names) catalog.rows.push_back(utkface_row(name));
  return catalog;
}

}  // namespace agewise::catalog
