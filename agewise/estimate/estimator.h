// Pictures in; age and distribution out.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "agewise/estimate/model.h"
#include "agewise/image/image.h"
#include "agewise/nn/engine.h"

namespace agewise {

struct Estimate {
  double age;  // years, by the recipe's prediction rule
  int most_likely_class;
  std::vector<float> distribution;  // one a class, sums to 1
};

// A prepared face (size × size, the recipe's colour) as network input, C × H × W floats: mean and scale and channel
// order applied; where the recipe whitens, the bare pixels 0 … 255, ready for apply_zca(). The one place where pixels
// become numbers: train and estimate both call it.
void to_network_input(const Recipe& recipe, const Image& face, std::span<float> input);

// What the raw outputs of a network mean.
Estimate estimate_of(const Model& model, std::span<const float> outputs);

// One thread at a time.
class Estimator {
 public:
  Estimator(Model model, Engine& engine, int batch);
  const Model& model() const { return model_; }
  // Whole pictures that are face crops (or faces cut out before): resized to the model's size and colour, estimated.
  std::vector<Estimate> estimate(std::span<const Image> faces);

 private:
  Model model_;
  std::unique_ptr<Executable> network_;
};

}  // namespace agewise
