// Archives of pictures, read once from front to back and never unpacked, through libarchive.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "agewise/prepare/sources.h"

namespace agewise::prepare {

// Whether the name ends as those of archives do that are looked into where they lie in a folder or in another archive:
// .zip, .tar, .tar.gz, .tgz, .tar.bz2, .tbz2, .tar.xz, .txz, .tar.zst, .tzst; in any case.
bool has_archive_ending(std::string_view path);

// Whether a source's path says that the picture lies in an archive within the source.
bool lies_in_archive(std::string_view path);

// Where it would lie if that archive were unpacked into a folder of its name: "a/train.zip/1.jpg" is "a/train/1.jpg".
std::string unpacked_path(std::string_view path);

// A tar (plain or compressed, several one after the other, too) or a zip; "-" is standard input. What is read from a
// pipe cannot be gone back in: links to earlier members are then problems of these entries.
//
// Links within the archive (hard and symbolic) come last, in the archive's order, with the bytes of the member that
// they lead to; a link that leads out of the archive, or to nothing, is passed over. An archive within the archive is
// looked into, down to two of them in each other; its entries' paths begin with its own.
//
// Throws Error naming the file if it is no archive or is encrypted. An archive within that is broken is told by
// left_out().
std::unique_ptr<PictureSource> open_archive(const std::filesystem::path& file);

}  // namespace agewise::prepare
