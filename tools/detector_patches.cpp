// What the angle network (docs/detector-card.md) learns from: makes pictures of faces turned by known angles on
// backgrounds without people, looks at them as the detector does, and writes what the network would be shown.
//
// detector_patches FACES.tar FACES.csv BACKGROUNDS PATCHES.tar PATCHES.csv PHOTOGRAPHS [SEED]
//
// FACES.csv has a column `split`; only its part `train` is used. PATCHES.csv has what `agewise prepare` reads: file,
// "age" (the class: 0 no face, 1 + k a face turned by about k · 10° clockwise) and split; one photograph in twelve, its
// face and its background are for validation. The same arguments give the same files.
#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/folders.h"
#include "agewise/base/random.h"
#include "agewise/base/workers.h"
#include "agewise/catalog/catalog.h"
#include "agewise/face/candidates.h"
#include "agewise/face/geometry.h"
#include "agewise/face/patch.h"
#include "agewise/face/yunet_network.h"
#include "agewise/image/colour.h"
#include "agewise/image/corruptions.h"
#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "agewise/image/resize.h"
#include "agewise/prepare/archive.h"
#include "demo/tar_writer.h"

namespace agewise {
namespace {

using base::Random, face::Point, image::Image;

constexpr int kBins = 36;                          // of 10°
constexpr int kStoredPixels = 64;                  // the network sees the middle kPatchPixels of them
constexpr double kSureFace = 0.5, kMostLean = 40;  // YuNet's score and the lean of a face that is used
// A candidate is on a face if its middle is so near (in the face's sides) and its size is such a multiple of the
// face's: of turned faces YuNet's box has the right middle, but about half of the size. It is on none if it is further
// off than the others; what lies between is not shown to the network.
constexpr double kNear = 0.35, kFar = 0.65;
constexpr double kSmall = 0.42, kLarge = 1.7, kTooSmall = 0.3, kTooLarge = 2.6;
constexpr std::size_t kMostOfAFace = 3, kMostOfNone = 16;  // candidates of a photograph that are kept
constexpr std::size_t kForValidation = 12;                 // each so manieth
constexpr double kSmallest = 18, kLargestShare = 0.8;      // a face's side: pixels, and of the photograph
constexpr std::array<std::array<int, 2>, 3> kShapes{{{384, 384}, {448, 320}, {320, 448}}};

// A face of the collection: its middle, the geometric mean of its box's sides, how it leans.
struct Source {
  std::vector<std::byte> file;
  Point middle;
  double side = 0, lean = 0;
};

struct PastedFace {
  Point middle;
  double side = 0, angle = 0;  // pixels; degrees clockwise
  image::Box box() const {
    return {middle.x - side / 2, middle.y - side / 2, middle.x + side / 2, middle.y + side / 2};
  }
};

struct Photograph {
  Image picture;
  std::vector<PastedFace> faces;
};

// How often a face of a width was pasted, and how often none of the candidates was on it.
struct Missed {
  std::size_t faces = 0, missed = 0;
};

struct Labelled {
  std::vector<std::byte> png;
  int label = 0;
};

struct Outcome {
  std::vector<Labelled> patches;
  std::vector<std::pair<double, bool>> faces;  // side, and whether a candidate was on it
};

face::YunetNetwork& network_of_this_thread() {
  thread_local face::YunetNetwork network;
  return network;
}

std::vector<Source> upright_faces(const std::filesystem::path& tar, const std::filesystem::path& labels) {
  std::set<std::string> wanted;
  for (const catalog::CatalogRow& row : catalog::read_labels(labels).rows) {
    if (row.split.str() == "train") wanted.insert(row.file);
  }
  std::vector<Source> all;
  auto archive = prepare::open_archive(tar);
  for (prepare::SourceEntry entry; archive->next(entry);) {
    if (wanted.contains(entry.path)) all.push_back({archive->read().bytes});
  }
  base::parallel_for(base::processor_count(), all.size(), [&](std::size_t i) {
    image::Decoded decoded = image::decode(all[i].file);
    if (!decoded.image) return;
    auto found = face::candidates_in(image::to_rgb(*decoded.image), network_of_this_thread(), kSureFace);
    if (found.empty()) return;
    const image::Box& box = found.front().box;
    double lean = face::angle_of(found.front().points);
    if (std::abs(lean) > kMostLean) return;
    all[i].middle = face::middle(box);
    all[i].side = face::side_of(box);
    all[i].lean = lean;
  });
  std::erase_if(all, [](const Source& one) { return one.side == 0; });
  if (all.size() < kForValidation) throw base::file_error(tar, "has hardly any face that the labels put into `train`");
  return all;
}

// Of `count` things one of the part that the photograph belongs to.
std::size_t draw_one(std::size_t count, bool validation, Random& random) {
  for (;;) {
    std::size_t one = random.below(count);
    if ((one % kForValidation == 0) == validation) return one;
  }
}

// Coarse to fine noise, stripes or squares, a few shapes.
Image drawn_background(int width, int height, Random& random) {
  Image sum = image::make_image(width, height, 3);
  auto colour = [&] { return static_cast<std::uint8_t>(random.below(256)); };
  for (int cells : {3, 12, 60}) {
    Image noise = image::make_image(cells, cells, 3);
    for (std::uint8_t& sample : noise.pixels) sample = colour();
    noise = image::resize(noise, width, height);
    double share = cells == 3 ? 1 : random.uniform(0, 0.5);
    for (std::size_t i = 0; i < sum.pixels.size(); ++i)
      sum.pixels[i] = static_cast<std::uint8_t>(sum.pixels[i] * (1 - share) + noise.pixels[i] * share);
  }
  for (std::uint64_t shapes = random.below(16); shapes > 0; --shapes) {
    double x = random.uniform(0, width), y = random.uniform(0, height), w = random.uniform(4, 120),
           h = w * random.uniform(0.5, 2);
    bool round = random.uniform() < 0.5;
    std::array<std::uint8_t, 3> paint{colour(), colour(), colour()};
    for (int row = std::max(0, static_cast<int>(y - h)); row < std::min<double>(height, y + h); ++row) {
      for (int column = std::max(0, static_cast<int>(x - w)); column < std::min<double>(width, x + w); ++column) {
        double across = (column - x) / w, along = (row - y) / h;
        if (!round || across * across + along * along < 1)
          std::copy(paint.begin(), paint.end(), sum.row(row) + 3 * column);
      }
    }
  }
  return random.uniform() < 0.5 ? image::blurred(sum, random.uniform(1, 3)) : sum;
}

// A part of a picture that has the shape wanted, in one of its eight positions.
Image background(const std::vector<std::filesystem::path>& files, int width, int height, bool validation,
                 Random& random) {
  std::size_t one = draw_one(files.size(), validation, random);
  if (random.uniform() < 0.15) return drawn_background(width, height, random);
  image::Decoded decoded = image::decode(base::read_file(files[one], prepare::kLargestPictureFile));
  if (!decoded.image) throw base::file_error(files[one], decoded.problem);
  Image picture =
      image::turned_upright(image::to_rgb(std::move(*decoded.image)), 1 + static_cast<int>(random.below(8)));
  double most = std::min(static_cast<double>(picture.width) / width, static_cast<double>(picture.height) / height);
  double scale = random.uniform() < 0.4 ? most : most * random.uniform(0.3, 1);
  double left = random.uniform(0, picture.width - scale * width),
         top = random.uniform(0, picture.height - scale * height);
  image::Box part{left, top, left + std::max(2.0, scale * width), top + std::max(2.0, scale * height)};
  return image::cut_out(picture, part, width, height);
}

double drawn_angle(Random& random) {
  double which = random.uniform(), around = random.uniform(-180, 180);
  if (which < 0.2) return around / 12;
  if (which < 0.35) return 90.0 * static_cast<double>(random.below(4)) + around / 18;
  return around;
}

// The face's picture turned and scaled so that the face lies as `face` says, over the photograph as far as it reaches:
// an ellipse with soft edges, the sharp rectangle, or that with its border going on over the whole photograph.
enum class Edge { soft, sharp, endless };

void paste(const Source& source, const PastedFace& face, Edge edge, Random& random, Image& photograph) {
  Image from = image::to_rgb(*image::decode(source.file).image);
  face::Halves halves(from);
  double zoom = face.side / source.side;
  double turn = source.lean - face.angle;  // of the photograph's pixels as they lie in the face's picture
  double reach = edge == Edge::endless ? 2.0 * std::max(photograph.width, photograph.height)
                                       : zoom * std::hypot(from.width, from.height);
  int pixels = static_cast<int>(reach) + 2;
  if (edge == Edge::endless) pixels = std::min(pixels, 1200);
  Image view = halves.view({source.middle, pixels / zoom, turn}, pixels);
  double cosine = std::cos(turn * std::numbers::pi / 180), sine = std::sin(turn * std::numbers::pi / 180);
  double wide = random.uniform(0.8, 1), feather = random.uniform(0.05, 0.35);
  int left = static_cast<int>(std::lround(face.middle.x - pixels / 2.0)),
      top = static_cast<int>(std::lround(face.middle.y - pixels / 2.0));
  for (int y = std::max(0, top); y < std::min(photograph.height, top + pixels); ++y) {
    for (int x = std::max(0, left); x < std::min(photograph.width, left + pixels); ++x) {
      double dx = (x + 0.5 - left - pixels / 2.0) / zoom, dy = (y + 0.5 - top - pixels / 2.0) / zoom;
      double across = std::abs(2 * (source.middle.x + cosine * dx - sine * dy) / from.width - 1),
             along = std::abs(2 * (source.middle.y + sine * dx + cosine * dy) / from.height - 1);
      double share = edge == Edge::endless ? 1
                     : edge == Edge::sharp ? (std::max(across, along) < 1 ? 1 : 0)
                                           : std::clamp((1 - std::hypot(across, along) / wide) / feather, 0.0, 1.0);
      for (int c = 0; c < 3; ++c) {
        std::uint8_t& under = photograph.row(y)[3 * x + c];
        under = static_cast<std::uint8_t>(std::lround(under + share * (view.row(y - top)[3 * (x - left) + c] - under)));
      }
    }
  }
}

// A place for a face that touches no other one, one in five with up to a third of it outside; or none.
bool find_place(PastedFace& face, const Photograph& photograph, Random& random) {
  double outside = (random.uniform() < 0.2 ? -0.15 : -0.5) * face.side;  // of the face's middle, beyond the edges
  for (int attempt = 0; attempt < 20; ++attempt) {
    face.middle = {random.uniform(-outside, photograph.picture.width + outside),
                   random.uniform(-outside, photograph.picture.height + outside)};
    bool free = std::none_of(photograph.faces.begin(), photograph.faces.end(), [&](const PastedFace& other) {
      double distance = std::hypot(other.middle.x - face.middle.x, other.middle.y - face.middle.y);
      return distance < 0.9 * (other.side + face.side);
    });
    if (free) return true;
  }
  return false;
}

void degrade(Image& picture, Random& random) {
  double colours = random.uniform(), sharpness = random.uniform(), factor = random.uniform(1, 3);
  double encoding = random.uniform();
  int quality = 25 + static_cast<int>(random.below(60));
  if (colours < 0.2) image::recolour(image::saturation(0), picture);
  if (sharpness < 0.2) picture = image::blurred(picture, factor);
  if (encoding < 0.2) picture = image::through_jpeg(picture, quality);
}

Photograph photograph(const std::vector<Source>& sources, const std::vector<std::filesystem::path>& backgrounds,
                      bool validation, Random& random) {
  auto [width, height] = kShapes[random.below(kShapes.size())];
  Photograph made{background(backgrounds, width, height, validation, random), {}};
  double which = random.uniform();
  Edge edge = which < 0.6 ? Edge::soft : which < 0.8 ? Edge::sharp : Edge::endless;
  double how_many = random.uniform();
  std::uint64_t count = edge == Edge::endless ? 1 : how_many < 0.2 ? 0 : how_many < 0.6 ? 1 : 2 + random.below(5);
  double largest = kLargestShare * std::min(width, height), smallest = edge == Edge::endless ? largest / 4 : kSmallest;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Source& source = sources[draw_one(sources.size(), validation, random)];
    PastedFace face;
    face.side = smallest * std::pow(largest / smallest, random.uniform());
    if (count > 2) face.side = std::min(face.side, largest / 3);
    face.angle = drawn_angle(random);
    if (!find_place(face, made, random)) continue;
    paste(source, face, edge, random, made.picture);
    made.faces.push_back(face);
  }
  degrade(made.picture, random);
  return made;
}

int class_of(double angle) {
  auto bin = static_cast<int>(std::lround(angle * kBins / 360));
  return 1 + (bin % kBins + kBins) % kBins;
}

Labelled labelled(face::Halves& picture, const image::Box& box, int label) {
  face::Square square = face::candidate_square(box);
  square.side *= static_cast<double>(kStoredPixels) / face::kPatchPixels;
  return {image::encode_png(picture.view(square, kStoredPixels)), label};
}

// How a candidate lies to a face: on it, so that it should be told with its angle, between, or off.
enum class Relation { on, between, off };

Relation relation_of(const image::Box& box, const PastedFace& face) {
  Point middle = face::middle(box);
  double own = face::side_of(box), size = own / face.side;
  double distance = std::hypot(middle.x - face.middle.x, middle.y - face.middle.y);
  if (distance < kNear * face.side && size > kSmall && size < kLarge) return Relation::on;
  bool off = distance > kFar * std::max(own, face.side) || size < kTooSmall || size > kTooLarge;
  return off ? Relation::off : Relation::between;
}

// Of the candidates on each face the strongest and some others; of those off all faces the two strongest and some
// others.
Outcome look_at(const Photograph& photograph, Random& random) {
  std::vector<face::Candidate> found = face::candidates_in(photograph.picture, network_of_this_thread());
  face::Halves halves(photograph.picture);
  Outcome outcome;
  auto keep = [&](std::vector<std::size_t> candidates, std::size_t strongest, std::size_t most, int label) {
    if (candidates.size() > strongest) random.shuffle(std::span(candidates).subspan(strongest));
    if (candidates.size() > most) candidates.resize(most);
    for (std::size_t i : candidates) outcome.patches.push_back(labelled(halves, found[i].box, label));
  };
  auto all_that_are = [&](auto condition) {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (condition(found[i].box)) indices.push_back(i);
    }
    return indices;
  };
  for (const PastedFace& face : photograph.faces) {
    std::vector<std::size_t> on_it =
        all_that_are([&](const image::Box& box) { return relation_of(box, face) == Relation::on; });
    outcome.faces.emplace_back(face.side, !on_it.empty());
    keep(std::move(on_it), 1, kMostOfAFace, class_of(face.angle));
  }
  auto is_off = [&](const image::Box& box) {
    return std::all_of(photograph.faces.begin(), photograph.faces.end(),
                       [&](const PastedFace& face) { return relation_of(box, face) == Relation::off; });
  };
  keep(all_that_are(is_off), 2, kMostOfNone, 0);
  return outcome;
}

void tell(const std::vector<Outcome>& outcomes, std::map<int, Missed>& by_width) {
  for (const Outcome& outcome : outcomes) {
    for (auto [side, seen] : outcome.faces) {
      Missed& there = by_width[side < 20    ? 16
                               : side < 27  ? 20
                               : side < 40  ? 27
                               : side < 80  ? 40
                               : side < 160 ? 80
                                            : 160];
      ++there.faces;
      if (!seen) ++there.missed;
    }
  }
}

void run(const std::vector<std::string>& arguments) {
  std::vector<Source> sources = upright_faces(arguments[0], arguments[1]);
  std::vector<std::filesystem::path> backgrounds = base::files_under(arguments[2]).files;
  if (backgrounds.size() < kForValidation) throw base::file_error(arguments[2], "has hardly any picture");
  fmt::print("{} upright faces, {} backgrounds\n", sources.size(), backgrounds.size());
  demo::TarWriter tar(arguments[3]);
  std::string table = "file,age,split\n";
  std::size_t photographs = std::stoul(arguments[5]), patches = 0, faces = 0;
  std::uint64_t seed = arguments.size() > 6 ? std::stoull(arguments[6]) : 1;
  std::map<int, Missed> by_width;
  constexpr std::size_t kAtOnce = 256;
  for (std::size_t begin = 0; begin < photographs; begin += kAtOnce) {
    std::vector<Outcome> outcomes(std::min(kAtOnce, photographs - begin));
    base::parallel_for(base::processor_count(), outcomes.size(), [&](std::size_t i) {
      Random random(seed, base::Purpose::sample, 0, static_cast<std::uint32_t>(begin + i));
      bool validation = (begin + i) % kForValidation == 0;
      outcomes[i] = look_at(photograph(sources, backgrounds, validation, random), random);
    });
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      for (std::size_t j = 0; j < outcomes[i].patches.size(); ++j) {
        const Labelled& patch = outcomes[i].patches[j];
        std::string name = fmt::format("{:06}-{:02}.png", begin + i, j);
        tar.add(name, patch.png);
        table += fmt::format("{},{},{}\n", name, patch.label, (begin + i) % kForValidation == 0 ? "val" : "train");
        ++patches;
        if (patch.label > 0) ++faces;
      }
    }
    tell(outcomes, by_width);
  }
  tar.commit();
  base::write_file(arguments[4], table);
  fmt::print("{} patches, {} of them faces; faces without a candidate:\n", patches, faces);
  for (const auto& [side, there] : by_width)
    fmt::print("from {:3} pixels on: {} of {}\n", side, there.missed, there.faces);
}

}  // namespace
}  // namespace agewise

int main(int argc, char** argv) {
  if (argc != 7 && argc != 8) {
    std::fprintf(stderr,
                 "detector_patches FACES.tar FACES.csv BACKGROUNDS PATCHES.tar PATCHES.csv PHOTOGRAPHS [SEED]\n");
    return 2;
  }
  try {
    agewise::run({argv + 1, argv + argc});
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "detector_patches: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
