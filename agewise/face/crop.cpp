#include "agewise/face/crop.h"

#include <cmath>

namespace agewise {

Box with_margin(Box face, double margin) {
  double across = margin * (face.right - face.left), along = margin * (face.bottom - face.top);
  return {std::round(face.left - across), std::round(face.top - along), std::round(face.right + across),
          std::round(face.bottom + along)};
}

}  // namespace agewise
