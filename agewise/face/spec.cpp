#include "agewise/face/spec.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

namespace agewise::face {
namespace {

bool is_cut(const FaceSpec& spec) { return spec.crop || spec.detect; }

// A network whose recipe cuts no faces, and that only lends its weights to one that learns from these.
bool is_a_beginning(const FaceSpec& network, const FaceSpec& /*faces*/, Use use) {
  return !is_cut(network) && (use == Use::begin || use == Use::normalise);
}

bool is_cut_elsewhere(const FaceSpec& network, const FaceSpec& faces, Use use) {
  return use != Use::train && is_cut(network) != is_cut(faces) && network.margin == faces.margin;
}

bool is_found_by_yunet(const FaceSpec& network, const FaceSpec& faces, Use use) {
  FaceSpec as_trained = faces;
  as_trained.detector = network.detector;
  bool measured = use == Use::predict || (use == Use::estimate && faces.detector == "yunet");
  return measured && network.detector == "hog" && faces.detect && as_trained == network;
}

// What each costs: docs/faces.md, "Other cuts than the model's", with the commands.
constexpr std::array kStandIns{
    StandIn{"weights to begin with",
            "weights that state no cut begin the training on these faces; so did the bundled model's, dlib's",
            is_a_beginning},
    StandIn{"faces cut out beforehand",
            "faces cut out beforehand count as cut with the margin that the recipe states: where that was so it cost "
            "nothing, where it was not 0.43 years (UTKFace's val part)",
            is_cut_elsewhere},
    StandIn{"YuNet's faces for HOG's", "for an earlier bundled model 4.60 years instead of 4.59 on UTKFace's val part",
            is_found_by_yunet},
};

const char* word(bool flag) { return flag ? "true" : "false"; }
const char* word(recipe::Colour colour) { return colour == recipe::Colour::rgb ? "rgb" : "grey"; }
const char* word(recipe::Rotations rotations) {
  return rotations == recipe::Rotations::upright ? "upright"
         : rotations == recipe::Rotations::all   ? "all"
                                                 : "coarse-to-fine";
}
const std::string& word(const std::string& text) { return text; }
std::string word(int number) { return std::to_string(number); }
std::string word(double number) { return fmt::format("{}", number); }

template <class T>
void compare(const char* key, const T& wanted, const T& given, std::vector<Difference>& differences) {
  if (wanted != given) differences.push_back({key, std::string(word(wanted)), std::string(word(given))});
}

std::vector<Difference> differences_of_form(const FaceSpec& wanted, const FaceSpec& given, bool of_any_size) {
  std::vector<Difference> differences;
  if (!of_any_size) compare("face.size", wanted.size, given.size, differences);
  compare("face.colour", wanted.colour, given.colour, differences);
  return differences;
}

std::vector<Difference> differences_of_cut(const FaceSpec& wanted, const FaceSpec& given) {
  std::vector<Difference> differences;
  compare("face.crop", wanted.crop, given.crop, differences);
  compare("face.detect", wanted.detect, given.detect, differences);
  if (wanted.detect && given.detect) {
    compare("face.detector", wanted.detector, given.detector, differences);
    compare("face.rotations", wanted.rotations, given.rotations, differences);
  }
  if (is_cut(wanted) || is_cut(given)) compare("face.margin", wanted.margin, given.margin, differences);
  return differences;
}

std::string joined(const std::vector<Difference>& differences, std::string Difference::*value) {
  std::string text;
  for (const Difference& one : differences) {
    if (!text.empty()) text += ' ';
    text += fmt::format("--set {}={}", one.key, one.*value);
  }
  return text;
}

}  // namespace

View view_of(const recipe::Recipe& recipe) {
  int side = recipe::center_crop_side(recipe);
  return {(recipe.face.size - side) / 2, side, recipe::input_side(recipe)};
}

bool cuts_faces(const recipe::FaceRecipe& recipe) { return recipe.crop || recipe.detect; }

FaceSpec spec_of(const recipe::Recipe& recipe) {
  const recipe::FaceRecipe& face = recipe.face;
  FaceSpec spec{face.size,  view_of(recipe), face.colour, face.crop, face.detect, "", recipe::Rotations::coarse_to_fine,
                face.margin};
  if (!face.detect) return spec;
  spec.detector = std::filesystem::path(face.detector).filename().string();
  spec.rotations = face.rotations;
  return spec;
}

std::span<const StandIn> stand_ins() { return kStandIns; }

Fit fits(const FaceSpec& network, const FaceSpec& faces, Use use) {
  bool of_any_size = use == Use::teach || use == Use::begin;
  Fit fit{differences_of_form(network, faces, of_any_size)};
  bool same_form = fit.differences.empty();
  for (Difference& one : differences_of_cut(network, faces)) fit.differences.push_back(std::move(one));
  if (!same_form || fit.differences.empty()) return fit;
  for (const StandIn& one : kStandIns) {
    if (one.holds(network, faces, use)) return {std::move(fit.differences), &one};
  }
  return fit;
}

std::string text_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const auto& [key, wanted, given] : differences) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} is {}, not {}", key, given, wanted);
  }
  return text;
}

std::string settings_for(const std::vector<Difference>& differences) {
  return joined(differences, &Difference::wanted);
}
std::string settings_against(const std::vector<Difference>& differences) {
  return joined(differences, &Difference::given);
}

}  // namespace agewise::face
