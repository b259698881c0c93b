#include "agewise/prepare/sources.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/base/files.h"

namespace agewise {
namespace {

class Folder : public PictureSource {
 public:
  explicit Folder(const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files_.push_back(entry.path());
    }
    std::sort(files_.begin(), files_.end());
  }

  bool next(SourceEntry& entry) override {
    if (place_ == files_.size()) return false;
    std::error_code ignored;  // a file that vanished meanwhile fails in read()
    entry = {files_[place_].generic_string(), std::filesystem::file_size(files_[place_], ignored)};
    ++place_;
    return true;
  }

  std::vector<std::byte> read() override { return read_file(files_[place_ - 1], kLargestPictureFile); }

 private:
  std::vector<std::filesystem::path> files_;
  std::size_t place_ = 0;
};

class Tar : public PictureSource {
 public:
  explicit Tar(const std::filesystem::path& file)
      : name_(file == "-" ? "standard input" : file), archive_(archive_read_new()) {
    archive_read_support_filter_all(archive_.get());
    archive_read_support_format_tar(archive_.get());
    archive_read_support_format_gnutar(archive_.get());
    constexpr std::size_t kBlock = 1 << 17;
    int result = file == "-" ? archive_read_open_fd(archive_.get(), STDIN_FILENO, kBlock)
                             : archive_read_open_filename(archive_.get(), file.c_str(), kBlock);
    if (result != ARCHIVE_OK) fail("cannot be read as a tar");
  }

  bool next(SourceEntry& entry) override {
    while (true) {
      archive_entry* header = nullptr;
      int result = archive_read_next_header(archive_.get(), &header);
      if (result == ARCHIVE_EOF) {
        if (entries_ == 0) fail("holds nothing");
        return false;
      }
      if (result < ARCHIVE_WARN)
        fail(entries_ > 0 ? "is cut short or broken after " + path_ : "is no tar, or is broken at its beginning");
      ++entries_;
      const char* path = archive_entry_pathname(header);
      if (archive_entry_filetype(header) != AE_IFREG || path == nullptr) continue;  // folders, links, devices
      path_ = path;
      size_ = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(header)));
      entry = {path_, size_};
      return true;
    }
  }

  std::vector<std::byte> read() override {
    std::vector<std::byte> content(size_);
    std::size_t filled = 0;
    while (filled < content.size()) {
      la_ssize_t n = archive_read_data(archive_.get(), content.data() + filled, content.size() - filled);
      if (n <= 0) fail("is cut short or broken within " + path_);
      filled += static_cast<std::size_t>(n);
    }
    return content;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    const char* detail = archive_error_string(archive_.get());
    throw file_error(name_, problem + (detail != nullptr ? std::string(" (") + detail + ")" : ""));
  }

  struct Free {
    void operator()(archive* a) const { archive_read_free(a); }
  };
  std::filesystem::path name_;
  std::unique_ptr<archive, Free> archive_;
  std::string path_;  // of the last regular file
  std::uint64_t size_ = 0;
  std::int64_t entries_ = 0;
};

}  // namespace

std::unique_ptr<PictureSource> open_pictures(const std::filesystem::path& folder_or_tar) {
  if (folder_or_tar != "-" && !std::filesystem::exists(folder_or_tar))
    throw file_error(folder_or_tar, "no such file or folder of pictures");
  if (std::filesystem::is_directory(folder_or_tar)) return std::make_unique<Folder>(folder_or_tar);
  return std::make_unique<Tar>(folder_or_tar);
}

}  // namespace agewise
