// What a prepared face looks like to a network, and whether the faces of a store are those that a network was trained
// on: the one rule of train, evaluate, calibrate, import and predict.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/recipe/recipe.h"

namespace agewise::face {

// The square of a stored face that a network sees: `side` pixels from `edge` on, across and down, made
// `input` × `input`. Training begins with it (train/augment.h), an estimate takes it as it is, and ONNX files state it.
struct View {
  int edge = 0, side = 0, input = 0;
  friend bool operator==(const View&, const View&) = default;
};

// Of a face of recipe.face.size; where the pixels left over are odd in number, it begins half a pixel early.
View view_of(const recipe::Recipe& recipe);

// All that decides what of a picture a network sees. Keys that do nothing (a detector where none is used) are at their
// defaults. face.no_face is not here: it decides about pictures that have no face.
struct FaceSpec {
  int size = 0;  // pixels, width and height, as stored
  View view;
  recipe::Colour colour = recipe::Colour::grey;
  bool crop = false, detect = false;  // cut by the labels' boxes, by a detector's; neither: cut out beforehand
  std::string detector;               // "hog", or the name of a file of weights without its folders
  recipe::Rotations rotations = recipe::Rotations::coarse_to_fine;
  double margin = 0;  // of faces cut out beforehand: what the recipe says they were cut with

  friend bool operator==(const FaceSpec&, const FaceSpec&) = default;
};

FaceSpec spec_of(const recipe::Recipe& recipe);

// Whether faces are looked for, or cut by a box, in the pictures of such a recipe; else each picture is a face.
bool cuts_faces(const recipe::FaceRecipe& recipe);

// What the faces of a store are to do for a network.
enum class Use {
  train,      // a recipe on its own store: the same in everything
  estimate,   // they are estimated as they are stored: the same size and cut
  teach,      // they are resized to the teacher's size, so that theirs may be another, and estimated
  begin,      // another network learns from them, which begins with this one's weights: any size
  normalise,  // the statistics of imported weights are taken from them: the same size
  predict,    // they are cut out of a user's pictures, by other means than the network's own recipe says
};

// A key of the recipe, and two values of it as --set takes them.
struct Difference {
  std::string key, wanted, given;
};

// A cut that may take the place of the one that a network was trained with. The table in spec.cpp holds all there are.
struct StandIn {
  std::string_view name;
  std::string_view measured;  // a sentence: what it costs, and where that was measured
  bool (*holds)(const FaceSpec& network, const FaceSpec& faces, Use use);
};
std::span<const StandIn> stand_ins();

struct Fit {
  std::vector<Difference> differences;  // none: they are the same
  const StandIn* stand_in = nullptr;    // the entry of the table by which they fit all the same

  explicit operator bool() const { return differences.empty() || stand_in != nullptr; }
};

// Whether `faces` are what `network` was trained on, near enough for `use`. A store holds the whole face, so that any
// view of it fits. Two stores of faces cut out beforehand count as the same cut: who cut them must know.
Fit fits(const FaceSpec& network, const FaceSpec& faces, Use use);

// "face.margin is 0.4, not 0.2, face.detector is …".
std::string text_of(const std::vector<Difference>& differences);
// "--set face.margin=0.2 --set …": makes what was given what is wanted, or `wanted` to what was given.
std::string settings_for(const std::vector<Difference>& differences);
std::string settings_against(const std::vector<Difference>& differences);

}  // namespace agewise::face
