// Where pictures come from: a folder, or an archive that is read once from front to back and never unpacked.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace agewise::prepare {

inline constexpr std::uint64_t kLargestPictureFile = std::uint64_t{64} << 20;  // bytes; a larger member is no picture

// One file of a source, before its bytes are read.
struct SourceEntry {
  std::string path;        // within the source, as it says it: never used to open or write anything but this entry
  std::uint64_t size = 0;  // bytes, as the source says
};

struct SourceContent {
  std::vector<std::byte> bytes;
  std::string problem;  // why this one file cannot be read, though its source can; else empty
  // It is the system that could not read it (no permission, a bad disk, no memory): that may pass, and says nothing
  // about the picture.
  bool unread = false;
};

// Entries one after the other; one thread. Folders and devices are passed over.
class PictureSource {
 public:
  virtual ~PictureSource() = default;
  // False at the end. Throws Error naming the source if it is cut short or broken; all entries before that were whole.
  virtual bool next(SourceEntry& entry) = 0;
  // The bytes of the entry that next() gave last; at most once an entry, and only of up to kLargestPictureFile bytes.
  virtual SourceContent read() = 0;
  // What could not be looked into so far, a line each that names it and says why: folders within that may not be
  // listed, archives within that are broken.
  virtual std::vector<std::string> left_out() const { return {}; }
};

// A folder, a zip, a tar (plain or compressed as .gz, .bz2, .xz, .zst), or "-" for an archive on standard input. A
// folder gives all files under it, sorted, with paths that begin with its own name however it was spelled: what a tar
// of it would say; then what is in the archives under it (archive.h), below their own paths. Symbolic links to files
// are followed, those to folders are not. Throws Error if there is no such file or it cannot be opened.
std::unique_ptr<PictureSource> open_pictures(const std::filesystem::path& folder_or_archive);

}  // namespace agewise::prepare
