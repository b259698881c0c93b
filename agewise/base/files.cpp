#include "agewise/base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

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

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& file, std::uint64_t limit) {
  Descriptor descriptor(file, O_RDONLY);
  std::uint64_t size = size_of(file, descriptor.get());
  if (size > limit) {
    throw file_error(file, "has " + std::to_string(size) + " bytes; at most " + std::to_string(limit) + " are read");
  }
  std::vector<std::byte> content(size);
  std::size_t filled = 0;
  while (filled < content.size()) {
    ssize_t n = ::read(descriptor.get(), content.data() + filled, content.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(file, "cannot read", errno);
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  content.resize(filled);
  return content;
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

FileWriter::FileWriter(std::filesystem::path file) : file_(std::move(file)) {
  temporary_ = file_.string() + ".tmp" + std::to_string(::getpid());
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw system_error(file_, "cannot write", errno);
}

FileWriter::~FileWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void FileWriter::write(std::span<const std::byte> piece) { write_all(file_, descriptor_, piece); }

void FileWriter::commit() {
  if (::fsync(descriptor_) != 0) throw system_error(file_, "cannot write", errno);
  if (::rename(temporary_.c_str(), file_.c_str()) != 0) throw system_error(file_, "cannot write", errno);
  ::close(descriptor_);
  descriptor_ = -1;
  sync_directory_of(file_);
}

MappedFile MappedFile::read_only(const std::filesystem::path& file) {
  Descriptor descriptor(file, O_RDONLY);
  MappedFile mapped;
  mapped.file_ = file;
  mapped.size_ = size_of(file, descriptor.get());
  if (mapped.size_ == 0) return mapped;
  void* data = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_SHARED, descriptor.get(), 0);
  if (data == MAP_FAILED) throw system_error(file, "cannot map into memory", errno);
  mapped.data_ = static_cast<std::byte*>(data);
  return mapped;
}

MappedFile MappedFile::create(const std::filesystem::path& file, std::uint64_t size) {
  Descriptor descriptor(file, O_RDWR | O_CREAT | O_TRUNC);
  MappedFile mapped;
  mapped.file_ = file;
  mapped.size_ = size;
  mapped.writable_ = true;
  if (size == 0) return mapped;
  if (int problem = ::posix_fallocate(descriptor.get(), 0, static_cast<off_t>(size)); problem != 0) {
    ::unlink(file.c_str());
    throw system_error(file, "cannot reserve " + std::to_string(size) + " bytes", problem);
  }
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
  if (data == MAP_FAILED) throw system_error(file, "cannot map into memory", errno);
  mapped.data_ = static_cast<std::byte*>(data);
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
  if (::statvfs(existing.c_str(), &status) != 0) throw system_error(existing, "cannot ask for free space", errno);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace agewise::base
