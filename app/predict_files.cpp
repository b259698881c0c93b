#include "app/predict_files.h"

#include <algorithm>
#include <iterator>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/image/kinds.h"
#include "agewise/prepare/archive.h"

namespace agewise::app {
namespace {

using Path = std::filesystem::path;

constexpr std::uint64_t kLongestList = std::uint64_t{1} << 30;  // bytes

bool is_named_as_a_picture(const std::string& file) {
  return image::has_picture_ending(file) && !image::is_litter(file);
}

// Files that are named are taken for pictures, whatever their ending.
void add_path(const Path& path, Asked& asked) {
  std::error_code unknown;  // then opening it says why
  if (!std::filesystem::is_directory(path, unknown)) {
    asked.files.push_back({path, path.filename(), prepare::has_archive_ending(path.string())});
    return;
  }
  asked.folders.push_back(path);
  base::FolderContent content = base::files_under(path);
  std::size_t before = asked.files.size();
  for (const Path& file : content.files) {
    bool archive = prepare::has_archive_ending(file.string()) && !image::is_litter(file.string());
    if (archive || is_named_as_a_picture(file.string())) {
      asked.files.push_back({file, file.lexically_relative(path), archive});
    } else if (!image::is_litter(file.string())) {
      ++asked.passed_over;
    }
  }
  if (asked.files.size() == before && content.unreadable.empty())
    throw base::file_error(path, "contains no pictures (" + std::string(image::kKindsRead) + ")");
  std::ranges::move(content.unreadable, std::back_inserter(asked.unreadable));
}

std::vector<std::string> lines_of(const std::string& list) {
  std::string file = list == "-" ? "/dev/stdin" : list;
  std::string text = base::read_text_file(file, kLongestList);
  char end = text.find('\0') == std::string::npos ? '\n' : '\0';
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t stop = std::min(text.find(end, at), text.size());
    std::string line = text.substr(at, stop - at);
    if (end == '\n' && line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    at = stop + 1;
  }
  if (lines.empty())
    throw base::file_error(list == "-" ? "standard input" : list, "lists no pictures; write one path per line");
  return lines;
}

// A member's name as a place below an output folder: without what would lead out of it.
Path harmless(const std::string& name) {
  Path clean;
  for (const Path& part : Path(name).relative_path()) {
    if (!part.empty() && part != "." && part != "..") clean /= part;
  }
  return clean;
}

// All pictures of what was asked for, one after the other.
class Pictures {
 public:
  Pictures(const Asked& asked, std::size_t& passed_over) : asked_(asked), passed_over_(passed_over) {}

  std::optional<face::PictureSourceFile> next() {
    while (next_ < asked_.files.size()) {
      const AskedFile& file = asked_.files[next_];
      if (!file.is_archive) {
        ++next_;
        return face::PictureSourceFile{file.file.string(), file.below, [path = file.file] {
                                         return base::read_file(path, prepare::kLargestPictureFile);
                                       }};
      }
      try {
        if (std::optional<face::PictureSourceFile> member = next_member(file)) return member;
      } catch (const base::Error& problem) {
        archive_.reset();
        ++next_;
        return face::PictureSourceFile{file.file.string(), file.below,
                                       [problem]() -> std::vector<std::byte> { throw problem; }};
      }
      archive_.reset();
      ++next_;
    }
    return std::nullopt;
  }

 private:
  std::optional<face::PictureSourceFile> next_member(const AskedFile& file) {
    if (!archive_) archive_ = prepare::open_archive(file.file);
    for (prepare::SourceEntry entry; archive_->next(entry);) {
      if (!is_named_as_a_picture(entry.path)) {
        if (!image::is_litter(entry.path)) ++passed_over_;
        continue;
      }
      std::string name = (file.file / entry.path).string();
      if (entry.size > prepare::kLargestPictureFile) {
        return face::PictureSourceFile{name, file.below / harmless(entry.path), [name]() -> std::vector<std::byte> {
                                         throw base::file_error(name, "is larger than the limit of 64 MiB");
                                       }};
      }
      auto content = std::make_shared<prepare::SourceContent>(archive_->read());
      return face::PictureSourceFile{name, file.below / harmless(entry.path), [content, name] {
                                       if (!content->problem.empty()) throw base::file_error(name, content->problem);
                                       return std::move(content->bytes);
                                     }};
    }
    if (std::vector<std::string> left_out = archive_->left_out(); !left_out.empty())
      throw base::Error(left_out.front());
    return std::nullopt;
  }

  const Asked& asked_;
  std::size_t& passed_over_;
  std::size_t next_ = 0;
  std::unique_ptr<prepare::PictureSource> archive_;  // the one that is being read
};

}  // namespace

bool Asked::has_archives() const { return std::ranges::any_of(files, &AskedFile::is_archive); }

std::vector<Path> Asked::paths() const {
  std::vector<Path> paths;
  for (const AskedFile& file : files) paths.push_back(file.file);
  return paths;
}

Asked asked_for(const std::vector<std::string>& paths, const std::string& list) {
  if (paths.empty() && list.empty())
    throw base::UsageError("predict: name pictures, folders or archives, or a list of them with --files");
  Asked asked;
  for (const std::string& path : paths) {
    if (path == "-") {
      for (const std::string& line : lines_of("-")) add_path(line, asked);
    } else {
      add_path(path, asked);
    }
  }
  if (!list.empty()) {
    for (const std::string& line : lines_of(list)) add_path(line, asked);
  }
  return asked;
}

face::NextFile pictures_of(const Asked& asked, std::size_t& passed_over) {
  auto pictures = std::make_shared<Pictures>(asked, passed_over);
  return [pictures] { return pictures->next(); };
}

}  // namespace agewise::app
