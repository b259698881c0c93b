// Whether a face shows enough for its age to be told.
#pragma once
#include "agewise/face/crop.h"

namespace agewise {

enum class Quality { fine, too_small, too_blurred };

// Detail of a cut-out face: the deviation of its Laplacian (the four neighbours less four times the pixel) over that of
// its grey values, the face made 64 × 64 first, so that faces of all sizes compare. 0 for an even picture.
double detail_of(const Image& face);

// Faces less than kSmallestFace pixels wide in their picture, and those with less detail than kLeastDetail, are not
// worth an estimate; a whole picture in which none was found is not judged. docs/model-card.md has the errors that the
// bounds were chosen by.
inline constexpr double kSmallestFace = 24, kLeastDetail = 0.1;
Quality quality_of(const FaceCut& cut);

// Why no age is told of the face, in a few words; empty: it is.
std::string refusal_of(const FaceCut& cut);

}  // namespace agewise
