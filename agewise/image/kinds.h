// The kinds of picture files that are read: their endings and their first bytes, in one place.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace agewise::image {

// A store keeps them as numbers: new ones come last.
enum class FileKind { unknown, jpeg, png, webp, heif, avif, gif, bmp, tiff };
inline constexpr int kFileKinds = 9;

// For messages and help.
inline constexpr std::string_view kKindsRead = "JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP, TIFF";

std::string_view name_of(FileKind kind);  // "JPEG"; "unknown"

// By the first bytes of a file (32 suffice), whatever its name.
FileKind kind_of(std::span<const std::byte> beginning);

// For a file of unknown kind: what it is instead, as the rest of a sentence about the file. "is HTML, not a picture".
std::string what_instead(std::span<const std::byte> beginning);

// Whether the name ends as pictures do (".jpg", ".JPEG", ".jfif", ".tif" …), in any case.
bool has_picture_ending(std::string_view path);

// Whether a path is what an operating system leaves among pictures: "._a.jpg" and "__MACOSX/…" (macOS), ".DS_Store",
// "Thumbs.db", "desktop.ini", "@eaDir/…" (network storage). No picture is ever meant by it.
bool is_litter(std::string_view path);

}  // namespace agewise::image
