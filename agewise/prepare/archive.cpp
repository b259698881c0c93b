#include "agewise/prepare/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <langinfo.h>
#include <locale.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/base/unicode.h"

namespace agewise::prepare {
namespace {

using Path = std::filesystem::path;

constexpr std::size_t kBlock = std::size_t{1} << 17;
constexpr int kDeepest = 2;                    // archives within the outermost
constexpr std::size_t kMostLinks = 1'000'000;  // remembered until the end: 500,000 faces may each have two names
constexpr int kLongestChain = 8;               // of links to links

// libarchive turns names into the locale's letters, and a name that has others into nothing.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(uselocale(locale_)) {}
  ~Utf8Locale() {
    uselocale(before_);
    if (locale_ != nullptr) freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t locale_, before_;
};

// One file, folder or link of an archive.
struct Member {
  std::string path;
  bool is_file = false;
  bool encrypted = false;
  std::optional<std::uint64_t> size;  // a zip that was written to a pipe tells it only after the bytes
  std::string link;                   // normalised path of the member that it leads to; empty: it is no link
};

// Without "./", "//" and what ".." takes back: as a name to compare, not to open.
std::string normal(const Path& path) { return path.lexically_normal().relative_path().generic_string(); }

// libarchive's reader. Errors name `name`.
class Reader {
 public:
  // Where bytes come from that are no file's: as many as there are now, none at the end; throws if there cannot be any.
  using Feed = std::function<std::span<const std::byte>()>;

  Reader(const Path& file, std::string name) : Reader(std::move(name)) {
    int result = file == "-" ? archive_read_open_fd(archive_.get(), STDIN_FILENO, kBlock)
                             : archive_read_open_filename(archive_.get(), file.c_str(), kBlock);
    if (result != ARCHIVE_OK) fail("cannot be read as a tar or zip");
  }

  Reader(Feed feed, std::string name) : Reader(std::move(name)) {
    feed_ = std::move(feed);
    if (archive_read_open(archive_.get(), this, nullptr, read_feed, nullptr) != ARCHIVE_OK)
      fail("cannot be read as a tar or zip");
  }

  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  const std::string& name() const { return name_; }

  // False at the end of a whole archive.
  bool next(Member& member) {
    Utf8Locale utf8;
    archive_entry* header = nullptr;
    int result = archive_read_next_header(archive_.get(), &header);
    if (result == ARCHIVE_EOF) {
      check_end();
      return false;
    }
    if (result < ARCHIVE_WARN || result == ARCHIVE_RETRY) fail_at_header();  // a tar's broken header asks to retry
    ++members_;
    member = member_of(header);
    last_ = member.path;
    size_ = member.size;
    return true;
  }

  // The bytes of the member that next() gave last.
  SourceContent content() {
    Utf8Locale utf8;
    SourceContent content;
    if (size_ > kLargestPictureFile) return {{}, "is too large: " + std::to_string(*size_) + " bytes"};
    std::size_t filled = 0;
    while (!size_ || filled < *size_) {
      if (filled > kLargestPictureFile)
        return {{}, "is too large: more than " + std::to_string(kLargestPictureFile) + " bytes"};
      content.bytes.resize(size_ ? *size_ : filled + kBlock);
      la_ssize_t n = archive_read_data(archive_.get(), content.bytes.data() + filled, content.bytes.size() - filled);
      if (n == 0 && !size_) break;
      if (n == 0 || n == ARCHIVE_FATAL) fail("is cut short or broken within " + last_);
      if (n < 0) return {{}, "cannot be read from its archive: " + detail()};
      filled += static_cast<std::size_t>(n);
    }
    content.bytes.resize(filled);
    return content;
  }

  // Some more bytes of that member, for an archive within; empty at its end.
  std::span<const std::byte> more() {
    piece_.resize(kBlock);
    la_ssize_t n = archive_read_data(archive_.get(), piece_.data(), piece_.size());
    if (n < 0) fail("is cut short or broken within " + last_);
    return std::span(piece_).first(static_cast<std::size_t>(n));
  }

 private:
  explicit Reader(std::string name) : name_(std::move(name)), archive_(archive_read_new()) {
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_filter_bzip2(archive_.get());
    archive_read_support_filter_xz(archive_.get());
    archive_read_support_filter_zstd(archive_.get());
    archive_read_support_format_tar(archive_.get());
    archive_read_support_format_zip(archive_.get());
    archive_read_set_format_option(archive_.get(), "tar", "read_concatenated_archives", "1");
  }

  static la_ssize_t read_feed(archive* archive, void* self, const void** bytes) {
    auto* reader = static_cast<Reader*>(self);
    try {
      std::span<const std::byte> piece = reader->feed_();
      *bytes = piece.data();
      return static_cast<la_ssize_t>(piece.size());
    } catch (const std::exception& problem) {
      archive_set_error(archive, EIO, "%s", problem.what());
      return -1;
    }
  }

  Member member_of(archive_entry* header) const {
    Member member;
    const char* path = archive_entry_pathname(header);
    if (path == nullptr) path = archive_entry_pathname_utf8(header);  // where the locale has no such letters
    if (path != nullptr) member.path = path;
    // A zip's names are UTF-8 where they say so, and else IBM's code page 437 (APPNOTE.TXT, appendix D).
    if (is_zip() && !base::is_utf8(member.path))
      member.path = base::to_utf8(member.path, "IBM437").value_or(member.path);
    member.is_file = archive_entry_filetype(header) == AE_IFREG && path != nullptr;
    member.encrypted = archive_entry_is_data_encrypted(header) != 0;
    if (archive_entry_size_is_set(header) != 0)
      member.size = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(header)));
    const char* hard = archive_entry_hardlink(header);
    const char* symbolic = archive_entry_symlink(header);
    // Some writers give a hard link its bytes again: then it is a file like others.
    if (hard != nullptr && member.size.value_or(0) == 0) member.link = normal(hard);
    if (symbolic != nullptr && *symbolic != '/') member.link = normal(Path(member.path).parent_path() / symbolic);
    return member;
  }

  bool is_zip() const { return (archive_format(archive_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP; }

  // Whether zeros, a tar's end mark, lie between the last member and where reading has come to.
  bool is_past_end_mark() const {
    return archive_filter_bytes(archive_.get(), 0) > archive_read_header_position(archive_.get());
  }

  // A download that broke off between two members looks to libarchive like the end; only tar's end mark, which it then
  // has read beyond the place where it looked for a header, tells that the tar is whole.
  void check_end() const {
    if (members_ == 0) fail("is empty");
    if (is_zip() || is_past_end_mark()) return;
    throw base::file_error(
        name_,
        "ends after " + last_ +
            " without the end-of-archive marker of a tar: probably cut short (if it is not, append 1024 zero bytes)");
  }

  [[noreturn]] void fail_at_header() const {
    if (members_ == 0) fail("is not a tar or zip, or is broken at its beginning");
    if (!is_zip() && is_past_end_mark())
      fail("has unexpected data after the end-of-archive marker of a tar, which follows " + last_);
    fail("is cut short or broken after " + last_);
  }

  std::string detail() const {
    const char* text = archive_error_string(archive_.get());
    return text != nullptr ? text : "no reason given";
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw base::file_error(name_,
                           archive_error_string(archive_.get()) != nullptr ? problem + " (" + detail() + ")" : problem);
  }

  struct Free {
    void operator()(archive* a) const { archive_read_free(a); }
  };
  std::string name_;
  std::unique_ptr<archive, Free> archive_;
  Feed feed_;
  std::vector<std::byte> piece_;
  std::string last_;  // path of the last member
  std::optional<std::uint64_t> size_;
  std::int64_t members_ = 0;
};

// Which members links lead to, and under which names: what is read in a second pass.
class Links {
 public:
  // False where there are too many to remember.
  bool add(const Member& link) {
    if (targets_.size() >= kMostLinks) return false;
    targets_[normal(link.path)] = link.link;
    names_.push_back(link.path);
    return true;
  }
  bool empty() const { return names_.empty(); }

  // Members' normalised paths, each with the names that lead to it.
  std::map<std::string, std::vector<std::string>> resolved() const {
    std::map<std::string, std::vector<std::string>> all;
    for (const std::string& name : names_) {
      std::string target = normal(name);
      for (int i = 0; i < kLongestChain; ++i) {
        auto next = targets_.find(target);
        if (next == targets_.end()) break;
        target = next->second;
      }
      all[target].push_back(name);
    }
    return all;
  }

 private:
  std::map<std::string, std::string> targets_;
  std::vector<std::string> names_;  // as the archive says them, in its order
};

// The members that links lead to, read again.
class LinkPass {
 public:
  LinkPass(const Path& file, const Links& links) : reader_(file, file.string()), wanted_(links.resolved()) {}

  bool next(SourceEntry& entry) {
    while (left_.empty()) {
      Member member;
      if (wanted_.empty() || !reader_.next(member)) return false;
      auto found = wanted_.find(normal(member.path));
      if (!member.is_file || !member.link.empty() || found == wanted_.end()) continue;
      left_ = std::move(found->second);
      std::reverse(left_.begin(), left_.end());
      wanted_.erase(found);
      size_ = member.size.value_or(0);
      content_.reset();
    }
    entry = {left_.back(), size_};
    left_.pop_back();
    return true;
  }

  SourceContent read() {
    if (!content_) content_ = reader_.content();
    return left_.empty() ? std::move(*content_) : *content_;
  }

 private:
  Reader reader_;
  std::map<std::string, std::vector<std::string>> wanted_;
  std::vector<std::string> left_;  // names of the member that reader_ is at, the next one last
  std::uint64_t size_ = 0;
  std::optional<SourceContent> content_;
};

class Archive : public PictureSource {
 public:
  explicit Archive(const Path& file)
      : reader_(file, file == "-" ? "standard input" : file.string()),
        again_(std::filesystem::is_regular_file(file) ? file : Path()) {}

  Archive(Reader::Feed feed, std::string name, int depth) : reader_(std::move(feed), std::move(name)), depth_(depth) {}

  bool next(SourceEntry& entry) override {
    while (!link_pass_) {
      if (inner_ && next_of_inner(entry)) return true;
      Member member;
      if (!reader_.next(member)) break;
      if (take(member, entry)) return true;
    }
    if (!link_pass_) {
      if (links_.empty()) return false;
      link_pass_.emplace(again_, links_);
    }
    return link_pass_->next(entry);
  }

  SourceContent read() override {
    if (!problem_.empty()) return {{}, problem_};
    if (link_pass_) return link_pass_->read();
    if (inner_) return inner_->read();
    return early_ ? std::move(*early_) : reader_.content();
  }

  std::vector<std::string> left_out() const override { return left_out_; }

 private:
  // Whether the member is an entry.
  bool take(const Member& member, SourceEntry& entry) {
    problem_.clear();
    early_.reset();
    if (!member.link.empty()) return take_link(member, entry);
    if (!member.is_file) return false;
    if (member.encrypted)
      throw base::file_error(
          reader_.name(),
          member.path + " is encrypted: unpack the archive with its password and give the folder instead");
    if (depth_ < kDeepest && has_archive_ending(member.path)) {
      open_inner(member.path);
      return false;
    }
    // Without its size, nobody could tell how much memory its bytes will take.
    if (!member.size) early_ = reader_.content();
    entry = {member.path, member.size.value_or(early_ ? early_->bytes.size() : 0)};
    return true;
  }

  bool take_link(const Member& member, SourceEntry& entry) {
    if (!again_.empty() && links_.add(member)) return false;
    problem_ = "is a link to " + member.link + " in an archive that can be read only once, from start to end";
    entry = {member.path, 0};
    return true;
  }

  void open_inner(const std::string& path) {
    try {
      inner_ = std::make_unique<Archive>([this] { return reader_.more(); }, reader_.name() + "/" + path, depth_ + 1);
      inner_path_ = path;
    } catch (const base::Error& problem) {
      left_out_.emplace_back(problem.what());
    }
  }

  // One that is broken ends there; if it is the outer one that is, that shows at its next member.
  bool next_of_inner(SourceEntry& entry) {
    try {
      if (inner_->next(entry)) {
        entry.path = inner_path_ + "/" + entry.path;
        return true;
      }
    } catch (const base::Error& problem) {
      left_out_.emplace_back(problem.what());
    }
    std::vector<std::string> more = inner_->left_out();
    std::move(more.begin(), more.end(), std::back_inserter(left_out_));
    inner_.reset();
    return false;
  }

  Reader reader_;
  Path again_;  // what to open for a second pass; empty: it cannot be opened again
  int depth_ = 0;
  std::unique_ptr<Archive> inner_;  // the one being read now
  std::string inner_path_;
  Links links_;
  std::optional<LinkPass> link_pass_;
  std::string problem_;                 // of the entry given last
  std::optional<SourceContent> early_;  // of the entry given last, where it had to be read to know its size
  std::vector<std::string> left_out_;
};

// The ending that tells that it is an archive; empty if it has none.
std::string_view archive_ending(std::string_view path) {
  constexpr std::array<std::string_view, 10> kEndings{".zip",  ".tar",    ".tar.gz", ".tgz",     ".tar.bz2",
                                                      ".tbz2", ".tar.xz", ".txz",    ".tar.zst", ".tzst"};
  std::string name = base::lower(path);
  for (std::string_view ending : kEndings)
    if (name.size() > ending.size() && name.ends_with(ending)) return path.substr(path.size() - ending.size());
  return {};
}

}  // namespace

bool has_archive_ending(std::string_view path) { return !archive_ending(path).empty(); }

bool lies_in_archive(std::string_view path) { return unpacked_path(path) != path; }

std::string unpacked_path(std::string_view path) {
  std::string unpacked;
  for (std::size_t slash; (slash = path.find('/')) != std::string_view::npos; path.remove_prefix(slash + 1)) {
    std::string_view folder = path.substr(0, slash);
    unpacked += folder.substr(0, folder.size() - archive_ending(folder).size());
    unpacked += '/';
  }
  return unpacked += path;
}

std::unique_ptr<PictureSource> open_archive(const Path& file) { return std::make_unique<Archive>(file); }

}  // namespace agewise::prepare
