// Files that appear whole or not at all, and files that are read with a limit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace agewise::base {

// The whole file. Throws Error naming it if it cannot be read or is larger than `limit` bytes. A pipe (`<(command)`,
// /dev/stdin) is read to its end, and gives the same bytes again when it is asked again.
std::vector<std::byte> read_file(const std::filesystem::path& file, std::uint64_t limit);
std::string read_text_file(const std::filesystem::path& file, std::uint64_t limit);

// Whether `file` is written into and never replaced: a pipe, a terminal, /dev/null, or a descriptor of this process as
// /dev/stdout, /dev/stderr, /dev/fd/N or /proc/self/fd/N.
bool is_stream(const std::filesystem::path& file);

// Writes beside the target under a temporary name that cannot be guessed, syncs and renames: a reader, a crash or a
// full disk sees the old file or the new one. A link is replaced, not followed. Throws Error naming the file; then
// nothing of the new one is left. What a killed process left is removed when a later one first writes into the folder.
// A stream is written into as the content comes. Anything else that is no file (a disk, a socket) is an Error.
void write_file(const std::filesystem::path& file, std::span<const std::byte> content);
void write_file(const std::filesystem::path& file, std::string_view content);

// The same for content that comes in pieces. Without commit() the destructor removes what was written.
class FileWriter {
 public:
  explicit FileWriter(std::filesystem::path file);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  void write(std::span<const std::byte> piece);
  void commit();

 private:
  std::filesystem::path file_, temporary_;  // temporary_: empty for a stream
  int descriptor_ = -1;
};

// The right to write something, of one process at a time: `file`, which stays, is locked (flock, so that the kernel
// unlocks it when the process ends, however that happens) and says who holds it. Movable.
class FileLock {
 public:
  // Throws UsageError if another process, or another FileLock of this one, holds it: `busy` ("run: is being trained by
  // another agewise") followed by who it is. Throws Error naming the file if it cannot be made.
  FileLock(const std::filesystem::path& file, const std::string& busy);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  int descriptor_ = -1;
};

// A file of fixed size mapped into memory. Pages are read on demand and may be dropped by the system at any time, so
// a file larger than memory is fine. Movable; the address stays the same when moved.
class MappedFile {
 public:
  static MappedFile read_only(const std::filesystem::path& file);  // a pipe too, as read_file(); then all is in memory
  // A new file of `size` bytes (its disk space reserved at once, so that a full disk is an Error here and not a SIGBUS
  // later), writable. Replaces an old one: whoever has that mapped keeps its bytes.
  static MappedFile create(const std::filesystem::path& file, std::uint64_t size);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::span<std::byte> writable_bytes();  // of a created one only
  // Part of bytes() that is not needed for now: it leaves this process's memory until it is read again.
  void forget(std::span<const std::byte> part) const;
  void sync();  // written to disk when it returns

 private:
  MappedFile() = default;
  void map(std::uint64_t size, int protection, int flags, int descriptor);  // -1: of no file

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  bool writable_ = false;
  std::filesystem::path file_;
};

// Bytes that this user may still write on the file system that holds `path` (which need not exist yet).
std::uint64_t free_disk_space(const std::filesystem::path& path);

}  // namespace agewise::base
