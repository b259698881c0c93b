#include "agewise/base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "agewise/base/error.h"

namespace agewise::base {
namespace {

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags) : fd_(::open(file.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) throw system_error(file, "cannot open", errno);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::uint64_t size_of(const std::filesystem::path& file, int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw system_error(file, "cannot read", errno);
  if (S_ISDIR(status.st_mode)) throw file_error(file, "is a directory, not a file");
  return static_cast<std::uint64_t>(status.st_size);
}

// Up to `size` bytes; fewer where the file ends before.
std::vector<std::byte> read_up_to(const std::filesystem::path& file, int descriptor, std::uint64_t size) {
  std::vector<std::byte> content(size);
  std::size_t filled = 0;
  while (filled < content.size()) {
    ssize_t n = ::read(descriptor, content.data() + filled, content.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(file, "cannot read", errno);
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  content.resize(filled);
  return content;
}

// Which pipe it is; nothing where it is none.
std::optional<std::pair<dev_t, ino_t>> pipe_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;  // opening it says why
  if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode) && !S_ISCHR(status.st_mode)) return std::nullopt;
  return std::pair{status.st_dev, status.st_ino};
}

// All that comes out of a pipe (`<(command)`, /dev/stdin), which tells no size and gives its bytes once: they are kept
// for the life of the program, since a file of labels, say, is looked at more than once. A named pipe is not opened
// again: that would wait for somebody to write into it.
const std::vector<std::byte>& pipe_content(const std::filesystem::path& file, std::pair<dev_t, ino_t> pipe,
                                           std::uint64_t limit) {
  static std::mutex mutex;
  static std::map<std::pair<dev_t, ino_t>, std::vector<std::byte>> read;
  std::lock_guard lock(mutex);
  auto [known, is_new] = read.try_emplace(pipe);
  std::vector<std::byte>& content = known->second;
  if (is_new) {
    constexpr std::uint64_t kPiece = 1 << 20;
    Descriptor descriptor(file, O_RDONLY);
    for (bool more = true; more;) {
      std::vector<std::byte> piece = read_up_to(file, descriptor.get(), kPiece);
      more = piece.size() == kPiece && content.size() <= limit;
      content.insert(content.end(), piece.begin(), piece.end());
    }
  }
  if (content.size() > limit) throw file_error(file, "is longer than the limit of " + std::to_string(limit) + " bytes");
  return content;
}

// Of /dev/stdout and its like. To open them anew would write at the beginning of a file, not behind what is printed.
std::optional<int> own_descriptor(const std::filesystem::path& file) {
  if (file == "/dev/stdout") return STDOUT_FILENO;
  if (file == "/dev/stderr") return STDERR_FILENO;
  if (file.parent_path() != "/dev/fd" && file.parent_path() != "/proc/self/fd") return std::nullopt;
  std::string digits = file.filename().native();
  int descriptor = -1;
  auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), descriptor);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return descriptor;
}

void write_all(const std::filesystem::path& file, int descriptor, std::span<const std::byte> content) {
  while (!content.empty()) {
    ssize_t n = ::write(descriptor, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(file, "cannot write", errno);
    content = content.subspan(static_cast<std::size_t>(n));
  }
}

// A rename is on disk only when its directory is.
void sync_directory_of(const std::filesystem::path& file) {
  std::filesystem::path directory = file.has_parent_path() ? file.parent_path() : ".";
  Descriptor descriptor(directory, O_RDONLY | O_DIRECTORY);
  ::fsync(descriptor.get());
}

constexpr std::string_view kTemporaryBegin = ".agewise-", kTemporaryEnd = ".tmp";
constexpr std::size_t kTemporaryDigits = 16;

// Not to be guessed: nobody can have a link of that name wait for us.
std::string temporary_name() {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random)
    throw Error("the operating system provides no random numbers");
  std::array<char, kTemporaryDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(random));
  return std::string(kTemporaryBegin) + digits.data() + std::string(kTemporaryEnd);
}

bool is_temporary_name(std::string_view name) {
  return name.size() == kTemporaryBegin.size() + kTemporaryDigits + kTemporaryEnd.size() &&
         name.starts_with(kTemporaryBegin) && name.ends_with(kTemporaryEnd);
}

// Removes what killed processes left behind in the folder: temporary files that no living process holds locked.
void sweep(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (!is_temporary_name(entry->path().filename().native())) continue;
    int descriptor = ::open(entry->path().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) continue;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(entry->path().c_str());
    ::close(descriptor);
  }
}

// At the first file that this process writes into a folder: one may hold a hundred thousand.
void sweep_once(const std::filesystem::path& folder) {
  static std::mutex mutex;
  static std::set<std::string> swept;
  std::error_code ignored;
  std::filesystem::path whole = std::filesystem::absolute(folder, ignored);
  {
    std::lock_guard lock(mutex);
    if (!swept.insert(whole.native()).second) return;
  }
  sweep(folder);
}

// "process 1234 on box", and a line's end.
std::string this_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return "process " + std::to_string(::getpid()) + " on " + host.data() + "\n";
}

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& file, std::uint64_t limit) {
  if (auto pipe = pipe_of(file)) return pipe_content(file, *pipe, limit);
  Descriptor descriptor(file, O_RDONLY);
  std::uint64_t size = size_of(file, descriptor.get());
  if (size > limit) {
    throw file_error(file, "has " + std::to_string(size) + " bytes; the limit is " + std::to_string(limit));
  }
  return read_up_to(file, descriptor.get(), size);
}

std::string read_text_file(const std::filesystem::path& file, std::uint64_t limit) {
  std::vector<std::byte> content = read_file(file, limit);
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

void write_file(const std::filesystem::path& file, std::span<const std::byte> content) {
  FileWriter writer(file);
  writer.write(content);
  writer.commit();
}

void write_file(const std::filesystem::path& file, std::string_view content) {
  write_file(file, std::as_bytes(std::span(content)));
}

bool is_stream(const std::filesystem::path& file) {
  struct stat status {};
  if (own_descriptor(file)) return true;
  return ::stat(file.c_str(), &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode));
}

FileWriter::FileWriter(std::filesystem::path file) : file_(std::move(file)) {
  if (is_stream(file_)) {
    std::optional<int> own = own_descriptor(file_);
    descriptor_ = own ? ::fcntl(*own, F_DUPFD_CLOEXEC, 0) : ::open(file_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) throw system_error(file_, "cannot write", errno);
    return;
  }
  std::error_code absent;
  if (std::filesystem::is_other(std::filesystem::symlink_status(file_, absent)))
    throw file_error(file_, "is a device or a socket, not a file");
  std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
  sweep_once(folder);
  while (descriptor_ < 0) {
    temporary_ = folder / temporary_name();
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno == EEXIST) continue;
    if (descriptor_ < 0) throw system_error(file_, "cannot write", errno);
    // Locked, so that nobody's sweep takes it for left behind; one that came between the two calls has removed it.
    struct stat status {};
    ::flock(descriptor_, LOCK_EX | LOCK_NB);
    if (::fstat(descriptor_, &status) == 0 && status.st_nlink > 0) return;
    ::close(std::exchange(descriptor_, -1));
  }
}

FileWriter::~FileWriter() {
  if (descriptor_ < 0) return;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  ::close(descriptor_);
}

void FileWriter::write(std::span<const std::byte> piece) { write_all(file_, descriptor_, piece); }

void FileWriter::commit() {
  if (temporary_.empty()) {
    if (::close(std::exchange(descriptor_, -1)) != 0) throw system_error(file_, "cannot write", errno);
    return;
  }
  if (::fsync(descriptor_) != 0) throw system_error(file_, "cannot write", errno);
  if (::rename(temporary_.c_str(), file_.c_str()) != 0) throw system_error(file_, "cannot write", errno);
  ::close(descriptor_);
  descriptor_ = -1;
  sync_directory_of(file_);
}

FileLock::FileLock(const std::filesystem::path& file, const std::string& busy) {
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw system_error(file, "cannot write", errno);
  int problem = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  if (problem == 0) {
    std::string holder = this_process();  // only told to people: the lock holds on a full disk, too
    (void)!::ftruncate(descriptor_, 0);
    (void)!::write(descriptor_, holder.data(), holder.size());
    return;
  }
  std::string holder(200, '\0');
  ssize_t told = ::read(descriptor_, holder.data(), holder.size());
  holder.resize(told > 0 ? static_cast<std::size_t>(told) : 0);
  ::close(std::exchange(descriptor_, -1));
  if (problem != EWOULDBLOCK) throw system_error(file, "cannot be locked", problem);
  throw UsageError(busy + (holder.empty() ? "" : " (" + holder.substr(0, holder.find('\n')) + ")") +
                   "; wait for it to end or stop it");
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void MappedFile::map(std::uint64_t size, int protection, int flags, int descriptor) {
  size_ = size;
  if (size == 0) return;
  void* data = ::mmap(nullptr, size, protection, flags, descriptor, 0);
  if (data == MAP_FAILED) throw system_error(file_, "cannot map into memory", errno);
  data_ = static_cast<std::byte*>(data);
}

MappedFile MappedFile::read_only(const std::filesystem::path& file) {
  MappedFile mapped;
  mapped.file_ = file;
  if (auto pipe = pipe_of(file)) {
    constexpr std::uint64_t kMostOfAPipe = std::uint64_t{4} << 30;
    const std::vector<std::byte>& content = pipe_content(file, *pipe, kMostOfAPipe);
    mapped.map(content.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    std::copy(content.begin(), content.end(), mapped.data_);
    return mapped;
  }
  Descriptor descriptor(file, O_RDONLY);
  mapped.map(size_of(file, descriptor.get()), PROT_READ, MAP_SHARED, descriptor.get());
  return mapped;
}

MappedFile MappedFile::create(const std::filesystem::path& file, std::uint64_t size) {
  // Never cut short under a process that has the old one mapped.
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw system_error(file, "cannot be replaced", errno);
  Descriptor descriptor(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
  MappedFile mapped;
  mapped.file_ = file;
  mapped.size_ = size;
  mapped.writable_ = true;
  if (size == 0) return mapped;
  if (int problem = ::posix_fallocate(descriptor.get(), 0, static_cast<off_t>(size)); problem != 0) {
    ::unlink(file.c_str());
    throw system_error(file, "cannot reserve " + std::to_string(size) + " bytes", problem);
  }
  mapped.map(size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get());
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(writable_, other.writable_);
  std::swap(file_, other.file_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

std::span<std::byte> MappedFile::writable_bytes() {
  if (!writable_) throw std::logic_error("a read-only mapping has no writable bytes");
  return {data_, size_};
}

void MappedFile::forget(std::span<const std::byte> part) const {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::size_t begin = static_cast<std::size_t>(part.data() - data_) / page * page;
  std::size_t end = static_cast<std::size_t>(part.data() - data_) + part.size();
  if (begin < end) ::madvise(data_ + begin, end - begin, MADV_DONTNEED);  // of a shared mapping: nothing is lost
}

void MappedFile::sync() {
  if (data_ != nullptr && ::msync(data_, size_, MS_SYNC) != 0) throw system_error(file_, "cannot write", errno);
}

std::uint64_t free_disk_space(const std::filesystem::path& path) {
  std::filesystem::path existing = std::filesystem::absolute(path);
  while (!std::filesystem::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  struct statvfs status {};
  if (::statvfs(existing.c_str(), &status) != 0)
    throw system_error(existing, "cannot determine the free disk space", errno);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace agewise::base
