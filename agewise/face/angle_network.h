// Whether a candidate is a face, and at which angle it stands: models/upright.safetensors, a model trained by `agewise
// train` (docs/detector-card.md) on patches such as candidate_patch() gives, turned by every angle.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "agewise/face/face.h"
#include "agewise/nn/engine.h"
#include "agewise/recipe/recipe.h"

namespace agewise::face {

struct Turned {
  double face = 0;   // probability that it is one
  double angle = 0;  // degrees, clockwise, -180 … 180
};

// Not for several threads at once: one each.
class AngleNetwork {
 public:
  AngleNetwork();

  // One a patch of kPatchPixels² (patch.h), grey or RGB.
  std::vector<Turned> look_at(std::span<const image::Image> patches);
  Turned look_at(const image::Image& patch);

 private:
  void show(const image::Image& patch, std::span<float> input) const;

  recipe::Recipe recipe_;
  std::unique_ptr<nn::Engine> engine_;
  std::unique_ptr<nn::Executable> network_, single_;  // of many patches at once, and of one
};

// Of the network's classes, "no face" and then `numbers.size() - 1` angles, evenly around the circle from 0 on: the
// angle is the mean direction of the likeliest and its neighbours. `numbers` are before the softmax.
Turned turned_of(std::span<const float> numbers);

}  // namespace agewise::face
