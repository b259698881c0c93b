// Collections in IMDB-WIKI's own format: a wiki.mat and a tar of the pictures that it names.
#pragma once
#include <cstdint>
#include <filesystem>

#include "agewise/base/progress.h"

namespace agewise::demo {

struct CollectionFiles {
  std::filesystem::path labels, pictures;  // wiki.mat, wiki_crop.tar
};

struct DrawOptions {
  std::size_t people = 3000;
  std::uint64_t seed = 1;  // the same seed draws the same files, on however many threads
};

// Draws people of all ages into `folder` (made if need be; old files of the same names are replaced), with the
// troubles of a real collection (cast.h). Throws Interrupted, with nothing written, on `stop`; Error naming the file.
CollectionFiles draw_collection(const std::filesystem::path& folder, const DrawOptions& options, int threads,
                                const base::StopFlag& stop, const base::ProgressSink& progress = {});

// The same kind of collection from real faces: label files and pictures as `agewise prepare` takes them. The pictures'
// bytes are kept; photo_taken is made up where the labels give an age instead of dates, and the date of birth such that
// the mid-year rule gives that age. Rows of unknown age are left out. Every face counts as found (score 3), its box is
// the whole picture.
CollectionFiles copy_collection(const std::filesystem::path& folder, const std::filesystem::path& labels,
                                const std::filesystem::path& pictures, const base::StopFlag& stop,
                                const base::ProgressSink& progress = {});

}  // namespace agewise::demo
