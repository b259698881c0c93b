// agewise info STORE: faces and rejects, and what the pictures were like before they were prepared.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/base/random.h"
#include "agewise/image/encode.h"
#include "agewise/report/sheet.h"
#include "agewise/store/store.h"
#include "app/copies.h"
#include "app/histogram.h"
#include "app/info.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

template <class Key>
Histogram count_by(const std::string& title, const std::vector<store::FaceRecord>& faces, Key key) {
  std::map<decltype(key(faces[0])), std::int64_t> counts;
  for (const store::FaceRecord& face : faces) ++counts[key(face)];
  Histogram histogram{title, {}};
  for (const auto& [value, count] : counts) histogram.counts.emplace_back(fmt::format("{}", value), count);
  return histogram;
}

// Powers of two from 1 on: sizes spread over three orders of magnitude.
Histogram sizes(const std::string& title, const std::vector<store::FaceRecord>& faces, int image::PictureInfo::*side) {
  std::map<int, std::int64_t> counts;
  for (const store::FaceRecord& face : faces) {
    int floor = 1;
    while (floor * 2 <= face.picture.*side) floor *= 2;
    ++counts[floor];
  }
  Histogram histogram{title, {}};
  for (const auto& [floor, count] : counts)
    histogram.counts.emplace_back(fmt::format("{}–{}", floor, 2 * floor - 1), count);
  return histogram;
}

// In tenths: of a tenth and more the border shows.
Histogram replicated(const std::vector<store::FaceRecord>& faces) {
  std::map<int, std::int64_t> counts;
  for (const store::FaceRecord& face : faces)
    ++counts[face.replicated > 0 ? static_cast<int>(face.replicated * 10) : -1];
  Histogram histogram{"share outside the picture", {}};
  for (const auto& [tenth, count] : counts)
    histogram.counts.emplace_back(tenth < 0 ? "none" : fmt::format("{}–{} %", 10 * tenth, 10 * tenth + 10), count);
  return histogram;
}

// Of faces that were cut out of pictures.
void add_places(std::vector<Histogram>& all, const recipe::FaceRecipe& recipe,
                const std::vector<store::FaceRecord>& faces) {
  if (recipe.detect) {
    all.push_back(count_by("face found", faces, [](const store::FaceRecord& face) {
      return std::string(face.face ? "yes" : "no, the whole picture");
    }));
    all.push_back(count_by("turned by about, degrees", faces, [](const store::FaceRecord& face) {
      return face.face ? 15 * static_cast<int>(std::lround(face.face->angle / 15)) : 0;
    }));
  }
  if (recipe.detect || recipe.crop) all.push_back(replicated(faces));
}

std::vector<Histogram> histograms_of(const store::Store& store, const std::vector<store::FaceRecord>& faces) {
  const recipe::Recipe& recipe = store.metadata().recipe;
  std::vector<double> ages;
  std::vector<age::Range> ranges;
  for (const store::FaceRecord& face : faces)
    face.age_range ? ranges.push_back(*face.age_range) : ages.push_back(face.age);
  Histogram rejects{"rejected because of", {}};
  for (const auto& [reason, count] : store.reject_counts())
    rejects.counts.emplace_back(catalog::describe(reason), count);
  std::vector<Histogram> all{
      rejects,
      count_by("part", faces, [](const store::FaceRecord& face) { return std::string(catalog::name_of(face.split)); }),
      decades("age", ages), age_ranges("age known as a range", ranges)};
  if (recipe.classes.years == 0 && !recipe.classes.edges.empty()) {
    age::Classes classes = recipe::classes_of(recipe.classes);
    Histogram counts{"class", {}};
    for (const std::string& name : classes.names) counts.counts.emplace_back(name, 0);
    for (double age : ages) ++counts.counts[age::class_of(classes, age)].second;
    all.push_back(counts);
  }
  add_places(all, recipe.face, faces);
  all.push_back(sizes("width", faces, &image::PictureInfo::width));
  all.push_back(sizes("height", faces, &image::PictureInfo::height));
  all.push_back(count_by("channels", faces, [](const store::FaceRecord& face) { return face.picture.channels; }));
  all.push_back(count_by("file kind", faces,
                         [](const store::FaceRecord& face) { return std::string(image::name_of(face.picture.kind)); }));
  return all;
}

// Some of the faces, drawn at random but always the same ones, the youngest first.
void draw_sheet(const store::Store& store, std::vector<store::FaceRecord> faces, const std::filesystem::path& file) {
  constexpr std::size_t kMost = 80;
  std::string title = fmt::format("{}: {} of {} faces, by age", store.file().filename().string(),
                                  std::min(kMost, faces.size()), with_thousands(faces.size()));
  base::Random(1, base::Purpose::sample).shuffle(std::span(faces));
  faces.resize(std::min(kMost, faces.size()));
  std::sort(faces.begin(), faces.end(),
            [](const store::FaceRecord& a, const store::FaceRecord& b) { return lowest_age(a) < lowest_age(b); });
  std::vector<report::Tile> tiles;
  for (const store::FaceRecord& face : faces) tiles.push_back({store.picture(face.row), store::age_text(face)});
  base::write_file(file, image::with_software_mark(image::encode_png(report::contact_sheet(tiles, title))));
}

nlohmann::ordered_json to_json(const std::optional<store::Shard>& shard) {
  if (!shard) return nullptr;
  return {{"number", shard->number}, {"count", shard->count}};
}

}  // namespace

void info_store(const InfoOptions& options) {
  store::Store store(options.path);
  std::vector<store::FaceRecord> faces = store.faces();
  if (!options.sheet.empty()) draw_sheet(store, faces, options.sheet);
  std::vector<Histogram> histograms = histograms_of(store, faces);
  const store::StoreMetadata& metadata = store.metadata();
  if (options.json) {
    nlohmann::ordered_json json{{"recipe", metadata.recipe.name},
                                {"labels", metadata.labels},
                                {"complete", metadata.complete},
                                {"shard", to_json(metadata.shard)},
                                {"faces", faces.size()},
                                {"pictures_not_asked_for", metadata.unasked},
                                {"copies", to_json(store::copies_among(faces))}};
    for (const Histogram& histogram : histograms) json[histogram.title] = to_json(histogram);
    print_json(json);
    return;
  }
  print(fmt::format("{}: {} faces of {}×{} pixels, {}, by recipe {}\nmade from {}\n", options.path.string(),
                    with_thousands(faces.size()), metadata.recipe.face.size, metadata.recipe.face.size,
                    metadata.recipe.face.colour == recipe::Colour::grey ? "grey" : "colour", metadata.recipe.name,
                    metadata.labels));
  if (metadata.shard)
    print(fmt::format("{} of a store, to be put together with `agewise merge`\n", store::text_of(*metadata.shard)));
  if (!metadata.complete) print("incomplete: `agewise prepare` was stopped; rerun the same command to resume\n");
  for (const Histogram& histogram : histograms) {
    if (!histogram.counts.empty()) print("\n" + to_text(histogram));
  }
  if (store::Copies copies = store::copies_among(faces); copies.groups > 0) print("\n" + to_text(copies));
}

}  // namespace agewise::app
