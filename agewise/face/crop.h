// Cutting a face out of a picture the way DEX does (Rothe et al., ICCVW 2015, §3.1; the reference crop of IMDB-WIKI):
// the picture turned upright, 40 % margin, squeezed.
#pragma once
#include <optional>

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

// How many pixels of the picture cut_face() makes one of, across or along, where they are fewer: below 1 the face is
// enlarged.
double pixels_to_one(const Face& face, double margin, int width, int height);

}  // namespace agewise::face
