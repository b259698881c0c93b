#include "agewise/prepare/sources.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/base/files.h"

namespace agewise::prepare {
namespace {

// Depth first, and each folder listed when it is reached: only the names of a few folders are held at once.
class Folder : public PictureSource {
 public:
  explicit Folder(const std::filesystem::path& folder) {
    std::filesystem::path whole = std::filesystem::canonical(folder);
    parent_ = whole.parent_path();
    list(whole.filename().string());
  }

  bool next(SourceEntry& entry) override {
    while (!waiting_.empty()) {
      Waiting first = std::move(waiting_.back());
      waiting_.pop_back();
      if (first.is_folder) {
        list(first.path);
        continue;
      }
      path_ = std::move(first.path);
      std::error_code ignored;  // a file that vanished meanwhile fails in read()
      entry = {path_, std::filesystem::file_size(parent_ / path_, ignored)};
      if (ignored) entry.size = 0;
      return true;
    }
    return false;
  }

  SourceContent read() override {
    try {
      return {base::read_file(parent_ / path_, kLargestPictureFile), ""};
    } catch (const base::Error& problem) {
      return {{}, problem.what()};
    }
  }

 private:
  struct Waiting {
    std::string path;  // below parent_
    bool is_folder;
  };

  void list(const std::string& folder) {
    std::vector<Waiting> found;
    std::error_code problem;
    std::filesystem::directory_iterator entry(parent_ / folder, problem);
    while (!problem && entry != std::filesystem::directory_iterator()) {
      std::error_code gone;  // then it is neither
      bool is_folder = entry->is_directory(gone) && !entry->is_symlink(gone);
      if (is_folder || entry->is_regular_file(gone))
        found.push_back({folder + "/" + entry->path().filename().string(), is_folder});
      entry.increment(problem);
    }
    if (problem) throw base::system_error(parent_ / folder, "cannot be listed", problem.value());
    std::sort(found.begin(), found.end(), [](const Waiting& a, const Waiting& b) { return a.path > b.path; });
    std::move(found.begin(), found.end(), std::back_inserter(waiting_));
  }

  std::filesystem::path parent_;
  std::vector<Waiting> waiting_;  // the next one last
  std::string path_;              // of the entry given last
};

class Tar : public PictureSource {
 public:
  explicit Tar(const std::filesystem::path& file)
      : name_(file == "-" ? "standard input" : file), archive_(archive_read_new()) {
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_filter_bzip2(archive_.get());
    archive_read_support_filter_xz(archive_.get());
    archive_read_support_filter_zstd(archive_.get());
    archive_read_support_format_tar(archive_.get());
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
        check_end();
        return false;
      }
      if (result < ARCHIVE_WARN)
        fail(entries_ > 0 ? "is cut short or broken after " + path_ : "is no tar, or is broken at its beginning");
      ++entries_;
      const char* path = archive_entry_pathname(header);
      if (path == nullptr) path = archive_entry_pathname_utf8(header);  // where the locale has no such letters
      if (archive_entry_filetype(header) != AE_IFREG || path == nullptr) continue;
      path_ = path;
      size_ = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(header)));
      entry = {path_, size_};
      return true;
    }
  }

  SourceContent read() override {
    SourceContent content;
    content.bytes.resize(size_);
    std::size_t filled = 0;
    while (filled < size_) {
      la_ssize_t n = archive_read_data(archive_.get(), content.bytes.data() + filled, size_ - filled);
      if (n <= 0) fail("is cut short or broken within " + path_);
      filled += static_cast<std::size_t>(n);
    }
    return content;
  }

 private:
  // A download that broke off between two members looks to libarchive like the end; only tar's end mark, which it then
  // has read beyond the place where it looked for a header, tells that the tar is whole.
  void check_end() const {
    if (entries_ == 0) fail("holds nothing");
    if (archive_filter_bytes(archive_.get(), 0) > archive_read_header_position(archive_.get())) return;
    throw base::file_error(
        name_,
        "ends after " + path_ + " without a tar's end mark: probably cut short (if it is not, append 1024 zero bytes)");
  }

  [[noreturn]] void fail(const std::string& problem) const {
    const char* detail = archive_error_string(archive_.get());
    throw base::file_error(name_, problem + (detail != nullptr ? std::string(" (") + detail + ")" : ""));
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
    throw base::file_error(folder_or_tar, "no such file or folder of pictures");
  if (std::filesystem::is_directory(folder_or_tar)) return std::make_unique<Folder>(folder_or_tar);
  return std::make_unique<Tar>(folder_or_tar);
}

}  // namespace agewise::prepare
