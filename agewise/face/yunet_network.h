// YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023) with the
// weights that come with agewise, models/detector.safetensors, on one thread of our engine: a picture at its own shape,
// every place looked at that may be a face.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "agewise/face/face.h"
#include "agewise/nn/engine.h"

namespace agewise::face {

// What the network says of one place. Boxes and points are in pixels of the picture and may reach outside.
struct Candidate {
  image::Box box;
  double score = 0;  // 0 … 1: of a face that stands upright, or leans by up to 30° or so; of others it says little
  Landmarks points;  // worth nothing where the face is turned further
};

// Not for several threads at once: one each.
class YunetNetwork {
 public:
  YunetNetwork();

  // Every place whose score is `least_score` or more, in no order, several of each face. The picture is RGB or grey,
  // looked at as large as it is: faces from about 10 to 400 pixels are seen. Kernels and memory for the last kShapes
  // shapes are kept; sides are rounded up to multiples of 32, with black. Throws std::invalid_argument for a side of
  // more than kMostSide pixels.
  std::vector<Candidate> look_at(const image::Image& picture, double least_score);

  static constexpr int kMostSide = 2048;
  static constexpr std::size_t kShapes = 6;

 private:
  struct Compiled {
    int width, height;
    std::unique_ptr<nn::Executable> network;
  };
  nn::Executable& network_for(int width, int height);

  std::unique_ptr<nn::Engine> engine_;
  std::vector<float> parameters_;
  std::list<Compiled> compiled_;  // last used first
};

}  // namespace agewise::face
