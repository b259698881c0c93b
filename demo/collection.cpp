#include "demo/collection.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agewise/base/error.h"
#include "agewise/base/random.h"
#include "agewise/base/workers.h"
#include "agewise/image/decode.h"
#include "agewise/prepare/name_index.h"
#include "agewise/prepare/sources.h"
#include "demo/cast.h"
#include "demo/picture.h"
#include "demo/tar_writer.h"

namespace agewise::demo {
namespace {

constexpr std::size_t kAtOnce = 128;  // pictures drawn before they are written

CollectionFiles files_in(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) throw base::system_error(folder, "cannot be created", problem.value());
  return {folder / "wiki.mat", folder / "wiki_crop.tar"};
}

// Of all pictures: by folder, as they lie in the real tar.
std::vector<std::size_t> in_order_of_paths(const std::vector<CastMember>& cast) {
  std::vector<std::size_t> order(cast.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return cast[a].row.full_path < cast[b].row.full_path; });
  return order;
}

std::string path_in_tar(const WikiRow& row) { return row.full_path.substr(0, row.full_path.find(' ')); }

void stop_if_asked(const base::StopFlag& stop, const std::filesystem::path& file) {
  if (stop) throw base::Interrupted(file.string() + ": stopped; the unfinished file was removed");
}

// A row for a real face. Nothing if its age is not known.
std::optional<WikiRow> wiki_row(const catalog::CatalogRow& row, std::size_t place) {
  double age = std::floor(catalog::age_of(row, recipe::AgeRule::mid_year));
  if (!(age >= 0 && age <= 150)) return {};
  base::Random random(0, base::Purpose::demo, 1, static_cast<std::uint32_t>(place));
  WikiRow wiki;
  wiki.photo_taken = row.taken.value_or(std::floor(random.uniform(1990, 2016)));
  int year = static_cast<int>(wiki.photo_taken);
  wiki.dob = row.born.value_or(day_of_birth(static_cast<int>(age), year, random));
  wiki.full_path = wiki_path(kFirstNumber + place, wiki.dob, year);
  wiki.gender = row.gender == catalog::Gender::unknown ? catalog::kNotANumber
                : row.gender == catalog::Gender::male  ? 1
                                                       : 0;
  wiki.name = row.person.empty() ? "" : "person " + row.person.str();
  wiki.face_score = 3;
  return wiki;
}

image::Box whole_of(std::span<const std::byte> file) {
  image::PictureInfo info = image::decode(file, {.enough_pixels = 1}).info;
  return {0, 0, std::max(1.0, static_cast<double>(info.width)), std::max(1.0, static_cast<double>(info.height))};
}

}  // namespace

CollectionFiles draw_collection(const std::filesystem::path& folder, const DrawOptions& options, int threads,
                                const base::StopFlag& stop, const base::ProgressSink& progress) {
  CollectionFiles files = files_in(folder);
  std::vector<CastMember> cast = make_cast(options.people, options.seed);
  std::vector<std::size_t> order = in_order_of_paths(cast);
  TarWriter tar(files.pictures);
  std::vector<std::vector<std::byte>> drawn(kAtOnce);
  for (std::size_t done = 0; done < order.size(); done += kAtOnce) {
    stop_if_asked(stop, files.pictures);
    std::size_t count = std::min(kAtOnce, order.size() - done);
    base::parallel_for(threads, count, [&](std::size_t i) {
      std::size_t who = order[done + i];
      drawn[i] =
          draw_picture(cast[who], base::Random(options.seed, base::Purpose::demo, 2, static_cast<std::uint32_t>(who)));
    });
    for (std::size_t i = 0; i < count; ++i) {
      const CastMember& member = cast[order[done + i]];
      if (member.flaw != Flaw::missing_file) tar.add(path_in_tar(member.row), drawn[i]);
    }
    if (progress) progress({"drawing", done + count, order.size()});
  }
  tar.commit();
  std::vector<WikiRow> rows;
  rows.reserve(cast.size());
  for (const CastMember& member : cast) rows.push_back(member.row);
  write_wiki_mat(files.labels, rows);
  return files;
}

CollectionFiles copy_collection(const std::filesystem::path& folder, const std::filesystem::path& labels,
                                const std::filesystem::path& pictures, const base::StopFlag& stop,
                                const base::ProgressSink& progress) {
  CollectionFiles files = files_in(folder);
  catalog::Catalog catalog = catalog::read_labels(labels);
  prepare::NameIndex index(catalog.rows);
  std::vector<std::optional<WikiRow>> rows;
  for (const catalog::CatalogRow& row : catalog.rows) rows.push_back(wiki_row(row, rows.size()));
  TarWriter tar(files.pictures);
  std::unique_ptr<prepare::PictureSource> source = prepare::open_pictures(pictures);
  prepare::SourceEntry entry;
  for (std::uint64_t done = 0; source->next(entry);) {
    stop_if_asked(stop, files.pictures);
    std::vector<std::size_t> match = index.find(entry.path).rows;
    if (match.size() != 1 || !rows[match[0]] || entry.size > prepare::kLargestPictureFile) continue;
    prepare::SourceContent content = source->read();
    if (!content.problem.empty()) continue;
    rows[match[0]]->face = whole_of(content.bytes);
    tar.add(rows[match[0]]->full_path, content.bytes);
    if (progress) progress({"copying", ++done, rows.size()});
  }
  tar.commit();
  std::vector<WikiRow> known;
  for (const auto& row : rows) {
    if (row) known.push_back(*row);
  }
  write_wiki_mat(files.labels, known);
  return files;
}

}  // namespace agewise::demo
