// Cutting a face out of a picture the way DEX does (Rothe et al., ICCVW 2015, §3.1; the reference crop of IMDB-WIKI):
// the picture turned upright, 40 % margin, squeezed.
#pragma once
#include <optional>
#include <vector>

#include "agewise/face/detector.h"
#include "agewise/face/face.h"
#include "agewise/recipe/recipe.h"

namespace agewise::face {

// `face` widened by `margin` of its width on the left and right and of its height above and below. 0.4 is DEX's; a
// negative margin narrows. Rounded as the reference does, which counts pixels from 1 and takes the last one in:
// [x1 y1 x2 y2] = round([left + 1, top + 1, right, bottom] ∓ margin · size), half away from zero.
image::Box with_margin(image::Box face, double margin);

// A whole picture that is a face already, in the recipe's colour and size: what a store holds of it.
image::Image prepared_face(const recipe::FaceRecipe& recipe, image::Image picture);

struct FaceCut {
  image::Image image;        // width × height
  std::optional<Face> face;  // where it was cut out of its picture; nothing: it is the whole picture
  double replicated = 0;     // share of the cut that lies outside the picture and repeats its border, 0 … 1
};

// The picture turned so that `face` stands upright, cut to the face's box with margin and squeezed to width × height:
// the aspect ratio is not kept. What the picture does not hold repeats its border pixels. The turned picture's frame,
// in whose pixels the box is rounded, is the smallest that holds it, both middles at the same place. Throws
// std::invalid_argument if the box is empty, not finite or far outside.
FaceCut cut_face(const image::Image& picture, const Face& face, double margin, int width, int height);

// What `detect` in a recipe does with a picture: the strongest face, or with `everyone` all of them, strongest first,
// cut as the recipe says, in the picture's own channels. Where none is found, by the recipe the whole picture or
// nothing.
std::vector<FaceCut> cut_detected(const image::Image& picture, const recipe::FaceRecipe& recipe, Detector& detector,
                                  bool everyone);

}  // namespace agewise::face
