// A model small enough to be worked out by hand.
#pragma once
#include <string>

#include "agewise/estimate/model.h"

namespace agewise::estimate {

// Grey 8 × 8 pictures, classes under 30, 30 to 60, over 60 with the values 20, 40, 70; one fully
// connected layer `outputs`, weights 0 but where said. `tables` is TOML that goes before the layers: further keys of
// [train] first.
Model small_model(const std::string& tables = "");

// A parameter's values within `model.parameters`. They stay where they are.
std::span<float> parameter(Model& model, const std::string& name);

// The transform that takes the mean picture (all pixels 100) away and nothing else.
whiten::Zca centring();

}  // namespace agewise::estimate
