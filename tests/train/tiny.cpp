#include "tests/train/tiny.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "agewise/base/random.h"
#include "agewise/store/store_writer.h"

namespace agewise::train::tiny {
namespace {

image::Image face_of_age(double age, std::uint32_t number, const recipe::FaceRecipe& recipe) {
  image::Image face = image::make_image(recipe.size, recipe.size, recipe.colour == recipe::Colour::rgb ? 3 : 1);
  base::Random random(1, base::Purpose::test, 0, number);
  for (std::uint8_t& pixel : face.pixels) {
    pixel = static_cast<std::uint8_t>(std::clamp(2 * age + random.uniform(0, 60), 0.0, 255.0));
  }
  return face;
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "agewise-train-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

recipe::Recipe recipe() {
  return recipe::parse_recipe(R"(
    name = "tiny"
    [face]
    size = 8
    [classes]
    edges = [30, 45, 60]
    [train]
    batch = 8
    epochs = 3
    [[network.layers]]
    kind = "convolution"
    name = "conv"
    channels = 3
    kernel = 3
    stride = 2
    [[network.layers]]
    kind = "batch-norm"
    name = "norm"
    [[network.layers]]
    kind = "relu"
    [[network.layers]]
    kind = "dropout"
    rate = 0.3
    [[network.layers]]
    kind = "fully-connected"
    name = "out"
    outputs = "classes"
  )",
                              "the tests' tiny recipe");
}

void make_store(const std::filesystem::path& file, const StoreOptions& options, const recipe::Recipe& made_by) {
  store::StoreMetadata metadata;
  metadata.recipe = made_by;
  metadata.labels = "drawn by the tests";
  store::StoreWriter writer(file, metadata);
  int count = options.train + options.val + options.test;
  for (int i = 0; i < count; ++i) {
    store::FaceRecord face;
    face.row = i;
    face.file = "face" + std::to_string(i) + ".png";
    face.source = "drawn";
    face.person = std::to_string(i);
    face.age = 20 + i * 7 % 60;
    face.age_sigma = options.sigma;
    face.gender = i % 2 == 0 ? catalog::Gender::female : catalog::Gender::male;
    face.split = i < options.train                 ? catalog::Split::train
                 : i < options.train + options.val ? catalog::Split::val
                                                   : catalog::Split::test;
    image::Image picture = face_of_age(face.age, static_cast<std::uint32_t>(i), made_by.face);
    for (std::uint8_t& pixel : picture.pixels) pixel = static_cast<std::uint8_t>(pixel + options.brighter);
    if (options.ranges) {
      double decade = 10 * std::floor(face.age / 10);
      face.age_range = age::Range{decade, decade + 9};
      face.age = catalog::kNotANumber;
    }
    writer.add(face, store::encode_face(picture), face.file);
  }
  if (options.complete) {
    writer.finish(0);
  } else {
    writer.commit();
  }
}

}  // namespace agewise::train::tiny
