// The picture file of someone in a drawn collection.
#pragma once
#include <cstddef>
#include <vector>

#include "demo/cast.h"

namespace agewise::demo {

// Draws it with the member's flaw, and fills in where the face is. The same `random` gives the same bytes.
std::vector<std::byte> draw_picture(CastMember& member, base::Random random);

}  // namespace agewise::demo
