// Labels in the names of pictures: those in a folder, or in a text file with one name a line.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/folders.h"
#include "agewise/base/text.h"
#include "agewise/catalog/age_text.h"
#include "agewise/catalog/dialect.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/names.h"
#include "agewise/catalog/words.h"
#include "agewise/image/kinds.h"

namespace agewise::catalog {
namespace {

constexpr std::uint64_t kLargestList = std::uint64_t{1} << 30;  // bytes

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

Catalog catalog_of(const std::vector<std::string>& paths, const std::string& origin, const LabelOptions& options) {
  const NameForm& form = options.names.empty() ? form_of(paths, origin) : *name_form(options.names);
  Catalog catalog;
  catalog.kind = fmt::format("{}{}", form.title, form.key == "folders" ? "" : " names");
  catalog.reading = fmt::format("ages from names like {}", form.pattern);
  for (const std::string& path : paths) catalog.rows.push_back(form.read(path));
  return catalog;
}

// MegaAge keeps the names in train_name.txt and the ages, line by line, in train_age.txt beside it.
std::optional<std::pair<std::filesystem::path, std::filesystem::path>> name_and_age_lists(
    const std::filesystem::path& file) {
  std::string stem = file.stem().string();
  for (std::string_view half : {"_name", "_age"}) {
    if (!stem.ends_with(half)) continue;
    std::string part = stem.substr(0, stem.size() - half.size());
    std::filesystem::path names = file, ages = file;
    names.replace_filename(part + "_name" + file.extension().string());
    ages.replace_filename(part + "_age" + file.extension().string());
    if (std::filesystem::is_regular_file(names) && std::filesystem::is_regular_file(ages)) return {{names, ages}};
  }
  return std::nullopt;
}

// "; label files in it may be list/train_name.txt, …", or nothing.
std::string label_files_among(const std::vector<std::filesystem::path>& files, const std::filesystem::path& folder) {
  static constexpr std::array<std::string_view, 4> kEndings{".csv", ".tsv", ".mat", ".txt"};
  constexpr std::size_t kMost = 4;
  std::vector<std::string> found;
  for (const std::filesystem::path& file : files) {
    std::string name = base::lower(file.filename().string());
    auto has = [&](std::string_view ending) { return name.ends_with(ending); };
    if (std::any_of(kEndings.begin(), kEndings.end(), has) && !image::is_litter(name))
      found.push_back(file.lexically_relative(folder).generic_string());
  }
  if (found.empty()) return "";
  bool more = found.size() > kMost;
  if (more) found.resize(kMost);
  return fmt::format("; possible label files in it: {}{}", fmt::join(found, ", "), more ? ", …" : "");
}

}  // namespace

bool is_name_list(std::string_view text) {
  std::size_t lines = 0, pictures = 0;
  for (std::string_view line : lines_of(text)) {
    if (line.empty() || line.ends_with('/')) continue;
    ++lines;
    if (image::has_picture_ending(line)) ++pictures;
  }
  return pictures > 0 && 2 * pictures > lines;  // there may be other files among them
}

Catalog parse_names(std::string_view text, const std::string& origin, const LabelOptions& options) {
  std::vector<std::string> paths;
  for (std::string_view line : lines_of(text)) {
    if (!line.empty() && line.back() != '/' && !image::is_litter(line)) paths.push_back(with_slashes(line));
  }
  if (paths.empty()) throw base::Error(origin + ": lists no picture");
  return catalog_of(paths, origin, options);
}

Catalog read_names_in(const std::filesystem::path& folder, const LabelOptions& options) {
  base::FolderContent content = base::files_under(folder);
  std::vector<std::string> names, closed;
  for (const std::filesystem::path& file : content.files) {
    std::string name = file.lexically_relative(folder).generic_string();
    if (image::has_picture_ending(name) && !image::is_litter(name)) names.push_back(std::move(name));
  }
  for (const base::UnreadableFolder& unreadable : content.unreadable)
    closed.push_back(fmt::format("{} cannot be listed ({})", unreadable.path.string(), unreadable.reason));
  if (names.empty()) {
    throw base::file_error(folder,
                           fmt::format("contains no picture with an age in its name{}{}{}", closed.empty() ? "" : "; ",
                                       fmt::join(closed, ", "), label_files_among(content.files, folder)));
  }
  std::sort(names.begin(), names.end());
  Catalog catalog;
  try {
    catalog = catalog_of(names, folder.string(), options);
  } catch (const base::Error& unknown) {
    throw base::Error(unknown.what() + label_files_among(content.files, folder));
  }
  for (const std::string& problem : closed) catalog.notes.push_back(problem + ": the pictures in it are left out");
  return catalog;
}

std::optional<Catalog> read_name_and_age_lists(const std::filesystem::path& file) {
  auto lists = name_and_age_lists(file);
  if (!lists) return std::nullopt;
  std::string names_text = base::read_text_file(lists->first, kLargestList);
  std::string ages_text = base::read_text_file(lists->second, kLargestList);
  std::vector<std::string_view> names = lines_of(names_text), ages = lines_of(ages_text);
  if (names.size() != ages.size())
    throw base::file_error(lists->first, fmt::format("has {} lines, but {} has {}", names.size(),
                                                     lists->second.filename().string(), ages.size()));
  std::string part = lists->first.stem().string();
  part.resize(part.size() - std::string_view("_name").size());
  Catalog catalog;
  catalog.kind = "MegaAge";
  catalog.reading =
      fmt::format("names in {}, ages in {}", lists->first.filename().string(), lists->second.filename().string());
  for (std::size_t i = 0; i < names.size(); ++i) {
    CatalogRow row;
    row.file = part + "/" + with_slashes(trimmed(names[i]));  // the parts number their pictures from 1 each
    row.source = "megaage";
    row.split = split_word(part).value_or("");
    set_age(row, read_age(ages[i]), ages[i]);
    catalog.rows.push_back(std::move(row));
  }
  return catalog;
}

}  // namespace agewise::catalog
