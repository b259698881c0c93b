// The model that comes with the program.
#pragma once
#include "agewise/library/surroundings.h"

namespace agewise::app {

using library::shipped_model;

}  // namespace agewise::app
