// The small files of pictures/, made by make_pictures.py.
#pragma once
#include <string>
#include <vector>

#include "agewise/base/files.h"

namespace agewise::image {

inline std::vector<std::byte> picture_file(const std::string& name) {
  return base::read_file(AGEWISE_SOURCE_DIR "/tests/image/pictures/" + name, 1 << 20);
}

}  // namespace agewise::image
