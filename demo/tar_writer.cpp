#include "demo/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <new>

#include "agewise/base/error.h"

namespace agewise::demo {
namespace {

struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t write_piece(archive* tar, void* writer, const void* data, std::size_t size) {
  try {
    static_cast<base::FileWriter*>(writer)->write({static_cast<const std::byte*>(data), size});
    return static_cast<la_ssize_t>(size);
  } catch (const std::exception& problem) {
    archive_set_error(tar, 0, "%s", problem.what());
    return -1;
  }
}

}  // namespace

TarWriter::TarWriter(const std::filesystem::path& file) : file_(file), writer_(file), tar_(archive_write_new()) {
  if (!tar_) throw std::bad_alloc();
  check(archive_write_set_format_ustar(tar_.get()));
  check(archive_write_open(tar_.get(), &writer_, nullptr, write_piece, nullptr));
}

void TarWriter::add(const std::string& name, std::span<const std::byte> content) {
  std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  check(archive_write_header(tar_.get(), entry.get()));
  if (archive_write_data(tar_.get(), content.data(), content.size()) < 0) check(ARCHIVE_FATAL);
}

void TarWriter::commit() {
  check(archive_write_close(tar_.get()));
  writer_.commit();
}

void TarWriter::check(int result) const {
  if (result == ARCHIVE_OK) return;
  const char* problem = archive_error_string(tar_.get());
  throw base::Error(problem != nullptr ? problem : file_.string() + ": cannot be written");
}

void TarWriter::Free::operator()(archive* tar) const { archive_write_free(tar); }

}  // namespace agewise::demo
