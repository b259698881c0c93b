// The bundled detector's network against YuNet's own file, and what is looked at of a candidate.
#include "agewise/face/candidates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "agewise/face/overlap.h"
#include "agewise/face/patch.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/weights/onnx.h"

namespace agewise::face {
namespace {

const std::filesystem::path kYunet = std::filesystem::path(AGEWISE_SHARED_DIR) / "peers/models/yunet_n_320_320.onnx";

image::Image chequered(int width, int height, int cell) {
  image::Image image = image::make_image(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width * 3; ++x)
      image.row(y)[x] = static_cast<std::uint8_t>((x / 3 / cell + y / cell) % 2 == 0 ? 230 : 20);
  }
  return image;
}

TEST(CandidatePatch, is_a_square_about_the_box_as_wide_as_1_4_times_its_mean_side) {
  Square square = candidate_square({10, 20, 30, 65});  // 20 × 45 pixels: √900 = 30
  EXPECT_DOUBLE_EQ(square.middle.x, 20);
  EXPECT_DOUBLE_EQ(square.middle.y, 42.5);
  EXPECT_DOUBLE_EQ(square.side, 42);
  EXPECT_EQ(square.angle, 0);
}

// A ramp stays a ramp at any size: value = x / 4 at the middle of each pixel.
TEST(CandidatePatch, shows_what_lies_there_whatever_the_scale) {
  image::Image ramp = image::make_image(960, 480, 3);
  for (int y = 0; y < ramp.height; ++y) {
    for (int x = 0; x < ramp.width * 3; ++x) ramp.row(y)[x] = static_cast<std::uint8_t>(x / 3 / 4);
  }
  Halves halves(ramp);
  for (double side : {20.0, 60.0, 130.0, 300.0}) {
    double box = side / kPatchMargin / 2;
    image::Image patch = candidate_patch(halves, {400 - box, 240 - box, 400 + box, 240 + box});
    ASSERT_EQ(patch.width, kPatchPixels);
    ASSERT_EQ(patch.height, kPatchPixels);
    for (int x = 0; x < kPatchPixels; ++x) {
      double there = 400 + ((x + 0.5) / kPatchPixels - 0.5) * side;
      EXPECT_NEAR(patch.row(20)[3 * x], (there - 0.5) / 4, 1) << side << " " << x;
    }
  }
}

TEST(CandidatePatch, repeats_the_border_outside_the_picture) {
  image::Image picture = image::make_image(40, 40, 1);
  for (std::uint8_t& pixel : picture.pixels) pixel = 77;
  Halves halves(picture);
  image::Image patch = candidate_patch(halves, {-500, -500, 300, 300});
  for (std::uint8_t pixel : patch.pixels) EXPECT_EQ(pixel, 77);
  EXPECT_THROW(candidate_patch(halves, {3, 3, 3, 9}), std::invalid_argument);
  EXPECT_THROW(candidate_patch(halves, {3, 3, std::nan(""), 9}), std::invalid_argument);
}

TEST(Candidates, are_bounded_in_number_and_none_lies_on_another) {
  YunetNetwork network;
  for (int cell : {3, 8, 21}) {
    std::vector<Candidate> all = candidates_in(chequered(640, 477, cell), network, 1e-4);
    EXPECT_LE(all.size(), kMostCandidates);
    for (std::size_t i = 1; i < all.size(); ++i) {
      EXPECT_LE(all[i].score, all[i - 1].score);
      for (std::size_t j = 0; j < i; ++j) EXPECT_LE(overlap(all[i].box, all[j].box), kSamePlace);
    }
  }
}

// YuNet's own file at its own size, 320 × 320: a head per number, a row a place.
TEST(YunetNetwork, says_of_each_place_what_yunet_s_own_file_says) {
  if (!std::filesystem::exists(kYunet)) GTEST_SKIP() << kYunet << " is not here";
  image::Image picture = image::make_image(320, 320, 3);
  for (int y = 0; y < 320; ++y) {
    for (int x = 0; x < 320 * 3; ++x)
      picture.row(y)[x] = static_cast<std::uint8_t>(128 + 60 * std::sin(x * 0.021) + 60 * std::cos(y * 0.055 + x % 3));
  }
  weights::OnnxNetwork file = weights::read_onnx(kYunet);
  auto engine = nn::make_cpu_engine({.threads = 1});
  auto own = engine->compile(file.graph, 1, nn::Mode::infer);
  own->set_parameters(file.parameters);
  for (std::size_t i = 0; i < std::size_t{320} * 320 * 3; ++i)
    own->input()[i] = picture.pixels[i % (320 * 320) * 3 + 2 - i / (320 * 320)];
  own->forward();
  std::vector<Candidate> found = YunetNetwork().look_at(picture, 1e-4);
  std::size_t next = 0;
  for (std::size_t stride = 0; stride < 3; ++stride) {
    auto head = [&](std::size_t kind) { return own->output(static_cast<int>(3 * kind + stride)); };
    const double pixels = 8 << stride;
    const std::size_t across = 320 / static_cast<std::size_t>(pixels);
    for (std::size_t i = 0; i < across * across; ++i) {
      double score = std::sqrt(head(0)[i] * head(1)[i]);
      if (score < 1e-4 + 1e-7) continue;
      ASSERT_LT(next, found.size());
      const Candidate& one = found[next++];
      ASSERT_NEAR(one.score, score, 1e-4 * score + 1e-6) << stride << " " << i;
      EXPECT_NEAR(middle(one.box).x, (static_cast<double>(i % across) + head(2)[4 * i]) * pixels, 0.01);
      EXPECT_NEAR(one.box.bottom - one.box.top, std::exp(head(2)[4 * i + 3]) * pixels, 0.05);
      EXPECT_NEAR(one.points.right_mouth.y, (static_cast<double>(i / across) + head(3)[10 * i + 9]) * pixels, 0.05);
    }
  }
  EXPECT_GT(next, 10U);
}

TEST(YunetNetwork, looks_at_pictures_of_one_pixel_and_refuses_endless_ones) {
  YunetNetwork network;
  EXPECT_TRUE(network.look_at(image::make_image(1, 1, 1), 0.5).empty());
  EXPECT_THROW(network.look_at(image::make_image(YunetNetwork::kMostSide + 1, 1, 1), 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace agewise::face
