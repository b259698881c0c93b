#include "agewise/face/spec.h"

#include <gmock/gmock.h>

namespace agewise::face {
namespace {

using testing::ElementsAre;

FaceSpec spec(const std::string& keys) { return spec_of(recipe::parse_recipe(keys, "a test's recipe")); }

std::vector<std::string> keys_of(const Fit& fit) {
  std::vector<std::string> keys;
  for (const Difference& one : fit.differences) keys.push_back(one.key);
  return keys;
}

const std::string kDetected = "face.size = 64\nface.detect = true\nface.margin = 0.2\n";

TEST(View, is_the_middle_of_the_stored_face_as_large_as_the_network_says) {
  EXPECT_EQ(view_of(recipe::parse_recipe("face.size = 64", "")), (View{0, 64, 64}));
  EXPECT_EQ(view_of(recipe::parse_recipe("face.size = 64\nnetwork.size = 40", "")), (View{12, 40, 40}));
  // An earlier bundled model's: (224 - 184) / 2.
  EXPECT_EQ(view_of(recipe::parse_recipe("face.size = 224\nnetwork.size = 128\nnetwork.center_crop = 184", "")),
            (View{20, 184, 128}));
  EXPECT_EQ(view_of(recipe::parse_recipe("face.size = 156\nnetwork.size = 128\nnetwork.center_crop = 128", "")),
            (View{14, 128, 128}));
  EXPECT_EQ(view_of(recipe::parse_recipe("face.size = 64\nnetwork.size = 40\nnetwork.center_crop = 51", "")),
            (View{6, 51, 40}));
}

TEST(FaceSpec, knows_a_detector_by_its_files_name_and_forgets_keys_that_do_nothing) {
  EXPECT_EQ(spec(kDetected + "face.detector = \"a/yunet.onnx\""), spec(kDetected + "face.detector = \"yunet.onnx\""));
  EXPECT_EQ(spec("face.detector = \"yunet.onnx\"\nface.rotations = \"all\""), spec(""));
  EXPECT_EQ(spec(kDetected + "face.no_face = \"reject\""), spec(kDetected));
}

TEST(Fits, names_every_key_that_differs) {
  FaceSpec network = spec(kDetected);
  auto differing = [&](const std::string& keys) { return keys_of(fits(network, spec(keys), Use::estimate)); };
  EXPECT_THAT(differing(kDetected), ElementsAre());
  EXPECT_THAT(differing("face.size = 32\nface.detect = true\nface.margin = 0.2"), ElementsAre("face.size"));
  EXPECT_THAT(differing(kDetected + "face.colour = \"rgb\""), ElementsAre("face.colour"));
  EXPECT_THAT(differing("face.size = 64\nface.detect = true\nface.margin = 0.4"), ElementsAre("face.margin"));
  EXPECT_THAT(differing(kDetected + "face.detector = \"yunet.onnx\""), ElementsAre("face.detector"));
  EXPECT_THAT(differing(kDetected + "face.rotations = \"upright\""), ElementsAre("face.rotations"));
  EXPECT_THAT(differing("face.size = 64\nface.crop = true\nface.margin = 0.2"),
              ElementsAre("face.crop", "face.detect"));
  EXPECT_THAT(differing(""), ElementsAre("face.size", "face.detect", "face.margin"));
}

TEST(Fits, says_how_either_becomes_the_other) {
  Fit fit = fits(spec(kDetected), spec("face.size = 64\nface.crop = true\nface.margin = 0.2"), Use::estimate);
  EXPECT_FALSE(fit);
  EXPECT_EQ(text_of(fit.differences), "face.crop is true, not false, face.detect is false, not true");
  EXPECT_EQ(settings_for(fit.differences), "--set face.crop=false --set face.detect=true");
  EXPECT_EQ(settings_against(fit.differences), "--set face.crop=true --set face.detect=false");
}

TEST(Fits, minds_the_size_only_where_faces_are_not_resized) {
  FaceSpec small = spec("face.size = 32"), large = spec("face.size = 64");
  for (Use use : {Use::train, Use::estimate, Use::normalise, Use::predict}) EXPECT_FALSE(fits(small, large, use));
  for (Use use : {Use::teach, Use::begin}) EXPECT_TRUE(fits(small, large, use));
}

// The table of what may stand in for another cut: whoever adds an entry adds its line here.
TEST(StandIns, are_these) {
  std::vector<std::string_view> names;
  for (const StandIn& one : stand_ins()) names.push_back(one.name);
  EXPECT_THAT(names, ElementsAre("weights to begin with", "faces cut out beforehand", "YuNet's faces for HOG's"));
}

std::string_view stand_in(const std::string& network, const std::string& faces, Use use) {
  Fit fit = fits(spec(network), spec(faces), use);
  return fit.stand_in == nullptr ? "" : fit.stand_in->name;
}

TEST(StandIns, let_faces_that_were_cut_out_with_the_same_margin_pass_for_our_own_and_ours_for_them) {
  const std::string ready = "face.size = 64\nface.margin = 0.2";
  for (Use use : {Use::estimate, Use::teach, Use::predict}) {
    EXPECT_EQ(stand_in(kDetected, ready, use), "faces cut out beforehand");
    EXPECT_EQ(stand_in(ready, kDetected, use), "faces cut out beforehand");
  }
  EXPECT_FALSE(fits(spec(kDetected), spec(ready), Use::train));
  EXPECT_FALSE(fits(spec(kDetected), spec("face.size = 64\nface.margin = 0.4"), Use::estimate));
  EXPECT_FALSE(fits(spec(kDetected), spec("face.size = 32\nface.margin = 0.2"), Use::estimate));
}

TEST(StandIns, let_weights_that_state_no_cut_begin_on_any_but_not_be_measured_by_it) {
  EXPECT_EQ(stand_in("face.size = 64", kDetected, Use::begin), "weights to begin with");
  EXPECT_EQ(stand_in("face.size = 64", kDetected, Use::normalise), "weights to begin with");
  EXPECT_FALSE(fits(spec("face.size = 64"), spec(kDetected), Use::estimate));
  EXPECT_FALSE(fits(spec(kDetected), spec("face.size = 64\nface.detect = true"), Use::begin));
  EXPECT_FALSE(fits(spec("face.size = 64\nface.colour = \"rgb\""), spec(kDetected), Use::begin));
}

TEST(StandIns, let_yunet_find_the_faces_in_a_users_pictures_for_hog_and_not_the_other_way_round) {
  const std::string yunet = kDetected + "face.detector = \"yunet.onnx\"\n";
  EXPECT_EQ(stand_in(kDetected, yunet, Use::predict), "YuNet's faces for HOG's");
  EXPECT_FALSE(fits(spec(yunet), spec(kDetected), Use::predict));
  EXPECT_FALSE(fits(spec(kDetected), spec(yunet + "face.rotations = \"upright\""), Use::predict));
  for (Use use : {Use::train, Use::estimate, Use::teach, Use::begin})
    EXPECT_FALSE(fits(spec(kDetected), spec(yunet), use));
  const std::string bundled = kDetected + "face.detector = \"yunet\"\n";
  for (Use use : {Use::predict, Use::estimate}) EXPECT_EQ(stand_in(kDetected, bundled, use), "YuNet's faces for HOG's");
  for (Use use : {Use::train, Use::teach, Use::begin}) EXPECT_FALSE(fits(spec(kDetected), spec(bundled), use));
}

}  // namespace
}  // namespace agewise::face
