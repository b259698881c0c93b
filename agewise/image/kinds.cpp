#include "agewise/image/kinds.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "agewise/base/text.h"

namespace agewise::image {
namespace {

using Bytes = std::span<const std::byte>;

bool has(Bytes file, std::size_t offset, std::string_view text) {
  return file.size() >= offset + text.size() && std::memcmp(file.data() + offset, text.data(), text.size()) == 0;
}

// Of an ISO media file ("ftyp" box): its major brand.
FileKind kind_of_brand(std::string_view brand) {
  for (std::string_view known : {"heic", "heix", "hevc", "hevx", "mif1", "msf1", "heim", "heis"})
    if (brand == known) return FileKind::heif;
  for (std::string_view known : {"avif", "avis"})
    if (brand == known) return FileKind::avif;
  return FileKind::unknown;
}

// Of HEIF's general brand the list of compatible ones tells which codec it is: "mif1" with "avif" among them is AVIF.
bool lists_avif(Bytes file) {
  std::size_t size = std::min<std::size_t>(std::to_integer<std::size_t>(file[3]), file.size());  // of the box: small
  for (std::size_t at = 16; at + 4 <= size; at += 4)
    if (has(file, at, "avif")) return true;
  return false;
}

struct Stranger {
  std::size_t offset;
  std::string_view magic, text;
};

constexpr std::array<Stranger, 17> kStrangers{{
    {0, "%PDF", "is a PDF, not a picture"},
    {0, "PK\x03\x04", "is a zip archive, not a picture"},
    {0, "\x1F\x8B", "is a gzip file, not a picture"},
    {0, "Rar!", "is a RAR archive, not a picture"},
    {0, "7z\xBC\xAF", "is a 7-Zip archive, not a picture"},
    {0, "version https://git-lfs", "is a Git LFS pointer, not the picture itself: run `git lfs pull`"},
    {0, "8BPS", "is a Photoshop file, which is not supported: export it as JPEG or PNG"},
    {0, "\xFF\x0A", "is JPEG XL, which is not supported: convert it to JPEG or PNG"},
    {4, "JXL \r\n", "is JPEG XL, which is not supported: convert it to JPEG or PNG"},
    {4, "jP  \r\n", "is JPEG 2000, which is not supported: convert it to JPEG or PNG"},
    {0, "\xFF\x4F\xFF\x51", "is JPEG 2000, which is not supported: convert it to JPEG or PNG"},
    {4, "ftypcrx ", "is a camera raw file, which is not supported: export it as JPEG"},
    {0, "FUJIFILMCCD-RAW", "is a camera raw file, which is not supported: export it as JPEG"},
    {4, "ftypqt", "is a video, not a picture"},
    {4, "ftyp", "is a video, or an unsupported kind of picture"},
    {0, "\x1A\x45\xDF\xA3", "is a video, not a picture"},
    {8, "AVI LIST", "is a video, not a picture"},
}};

// The first letters of a text, without white space, byte order mark and case.
std::string first_letters(Bytes file) {
  std::string text(reinterpret_cast<const char*>(file.data()), std::min<std::size_t>(file.size(), 256));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  text.erase(0, text.find_first_not_of(" \t\r\n"));
  return base::lower(text);
}

constexpr std::array<std::string_view, 15> kEndings{".jpg",  ".jpeg", ".jpe",  ".jfif", ".jif",
                                                    ".png",  ".webp", ".heic", ".heif", ".hif",
                                                    ".avif", ".gif",  ".bmp",  ".tif",  ".tiff"};

}  // namespace

std::string_view name_of(FileKind kind) {
  constexpr std::array<std::string_view, kFileKinds> kNames{"unknown", "JPEG", "PNG", "WebP", "HEIC",
                                                            "AVIF",    "GIF",  "BMP", "TIFF"};
  return kNames[static_cast<std::size_t>(kind)];
}

FileKind kind_of(Bytes file) {
  if (has(file, 0, "\xFF\xD8\xFF")) return FileKind::jpeg;
  if (has(file, 0, "\x89PNG\r\n\x1A\n")) return FileKind::png;
  if (has(file, 0, "RIFF") && has(file, 8, "WEBP")) return FileKind::webp;
  if (has(file, 0, "GIF87a") || has(file, 0, "GIF89a")) return FileKind::gif;
  if (has(file, 0, "BM") && has(file, 6, std::string_view("\0\0\0\0", 4))) return FileKind::bmp;
  if (has(file, 0, std::string_view("II*\0", 4)) || has(file, 0, std::string_view("MM\0*", 4))) return FileKind::tiff;
  if (!has(file, 4, "ftyp") || file.size() < 12) return FileKind::unknown;
  FileKind kind = kind_of_brand({reinterpret_cast<const char*>(file.data()) + 8, 4});
  return kind == FileKind::heif && lists_avif(file) ? FileKind::avif : kind;
}

std::string what_instead(Bytes file) {
  if (file.empty()) return "is empty";
  for (const Stranger& stranger : kStrangers)
    if (has(file, stranger.offset, stranger.magic)) return std::string(stranger.text);
  std::string letters = first_letters(file);
  if (letters.starts_with("<!doctype html") || letters.starts_with("<html") || letters.starts_with("<head"))
    return "is HTML, not a picture: probably an error page that was saved in its place";
  if (letters.starts_with("<svg") || letters.find("<svg") != std::string::npos) return "is SVG, which is not supported";
  if (letters.starts_with("<?xml")) return "is XML, not a picture";
  if (letters.starts_with("{\"") || letters.starts_with("{ \"")) return "is JSON, not a picture";
  bool zeros =
      std::all_of(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(32, file.size())),
                  [](std::byte byte) { return byte == std::byte{0}; });
  if (zeros) return "begins with zeros, like an incomplete download";
  return "is not a picture in a supported format (" + std::string(kKindsRead) + ")";
}

bool has_picture_ending(std::string_view path) {
  std::string name = base::lower(std::string(path.substr(path.find_last_of('/') + 1)));  // npos + 1 is 0
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return name.size() > ending.size() && name.ends_with(ending); });
}

bool is_litter(std::string_view path) {
  while (!path.empty()) {
    std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part == "__MACOSX" || part == "@eaDir") return true;
    if (!path.empty()) continue;
    std::string name = base::lower(std::string(part));
    if (part.starts_with("._") || name == ".ds_store" || name == "thumbs.db" || name == "desktop.ini") return true;
  }
  return false;
}

}  // namespace agewise::image
