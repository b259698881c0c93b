#include "agewise/prepare/name_index.h"

#include <algorithm>
#include <array>

#include "agewise/base/text.h"
#include "agewise/base/unicode.h"

namespace agewise::prepare {
namespace {

// Takes the last component off the path; empty once there is none.
std::string_view pop_component(std::string_view& path) {
  while (true) {
    while (path.ends_with('/')) path.remove_suffix(1);
    std::size_t begin = path.find_last_of('/') + 1;  // npos + 1 is 0
    std::string_view last = path.substr(begin);
    path = path.substr(0, begin);
    if (last != ".") return last;
  }
}

std::string_view last_component(std::string_view path) { return pop_component(path); }

int components_left(std::string_view path) {
  int count = 0;
  while (!pop_component(path).empty()) ++count;
  return count;
}

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

std::string in_normal_form(std::string path) {
  if (std::all_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return path;
  if (base::is_utf8(path)) return base::composed(path);
  std::optional<std::string> converted = base::to_utf8(path, "WINDOWS-1252");
  return converted ? base::composed(*converted) : path;
}

// Adience has each face twice, in faces/ and in aligned/.
void drop_adience_prefix(std::string& path) {
  std::size_t name = path.find_last_of('/') + 1;
  for (std::string_view prefix : {"coarse_tilt_aligned_face.", "landmark_aligned_face."}) {
    if (std::string_view(path).substr(name).starts_with(prefix)) path.erase(name, prefix.size());
  }
}

}  // namespace

std::string comparable(std::string_view path) {
  if (path.size() >= 2 && is_letter(path[0]) && path[1] == ':') path.remove_prefix(2);
  std::string changed(path);
  std::replace(changed.begin(), changed.end(), '\\', '/');
  std::size_t dot = changed.find_last_of("./");
  if (dot != std::string::npos && changed[dot] == '.')
    changed.replace(dot, std::string::npos, base::lower(changed.substr(dot)));
  drop_adience_prefix(changed);
  return in_normal_form(std::move(changed));
}

Fit fit_of(std::string_view row, std::string_view picture) {
  Fit fit;
  while (true) {
    std::string_view rest_of_row = row, rest_of_picture = picture;
    std::string_view last = pop_component(rest_of_row);
    if (last.empty() || last != pop_component(rest_of_picture)) break;
    row = rest_of_row;
    picture = rest_of_picture;
    ++fit.length;
  }
  if (fit.length == 0) return fit;
  int row_left = components_left(row), picture_left = components_left(picture);
  fit.whole = row_left == 0 || picture_left == 0;
  fit.exact = row_left == 0 && picture_left <= 1;
  return fit;
}

NameIndex::NameIndex(const std::vector<catalog::CatalogRow>& rows) : rows_(rows) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::string path = comparable(rows[row].file);
    if (path != rows[row].file) changed_.emplace_back(row, std::move(path));
  }
  entries_.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) entries_.push_back({last_component(path(row)), row});
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.name != b.name ? a.name < b.name : a.row < b.row; });
}

std::string_view NameIndex::path(std::size_t row) const {
  auto place = std::lower_bound(changed_.begin(), changed_.end(), row,
                                [](const auto& changed, std::size_t wanted) { return changed.first < wanted; });
  return place != changed_.end() && place->first == row ? std::string_view(place->second) : rows_[row].file;
}

NameIndex::Match NameIndex::find(std::string_view picture) const {
  std::string wanted = comparable(picture);
  Entry key{last_component(wanted), 0};
  Match best;
  if (key.name.empty()) return best;
  auto [begin, end] = std::equal_range(entries_.begin(), entries_.end(), key,
                                       [](const Entry& a, const Entry& b) { return a.name < b.name; });
  for (auto entry = begin; entry != end; ++entry) {
    Fit fit = fit_of(path(entry->row), wanted);
    if (fit > best.fit) best = {{}, fit};
    if (fit == best.fit) best.rows.push_back(entry->row);
  }
  best.ambiguous = std::any_of(best.rows.begin(), best.rows.end(),
                               [&](std::size_t row) { return path(row) != path(best.rows.front()); });
  return best;
}

}  // namespace agewise::prepare
