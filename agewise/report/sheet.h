// A contact sheet: many faces at a glance.
#pragma once
#include <span>
#include <string>

#include "agewise/image/image.h"

namespace agewise::report {

struct Tile {
  image::Image picture;  // any size; aspect not kept
  std::string caption;   // one line, cut where it is too long
};

// Rows of `columns` ≥ 1 tiles of `size` × `size` pixels, captions below them, a title on top.
image::Image contact_sheet(std::span<const Tile> tiles, const std::string& title, int columns = 10, int size = 96);

}  // namespace agewise::report
