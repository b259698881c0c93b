// Pictures in; age and distribution out.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agewise/estimate/model.h"
#include "agewise/image/image.h"
#include "agewise/nn/engine.h"

namespace agewise::estimate {

struct Estimate {
  double age;  // years, by the recipe's predict.point_estimate; NaN if the network's outputs are not finite
  int most_likely_class;
  std::vector<float> distribution;  // one a class, sums to 1; for a regression all of it in the class of the age
  std::optional<AgeInterval> interval = {};  // where the model is calibrated
  std::optional<double> male = {};           // probability of being a man, 0 … 1, where the model has a gender head
  std::vector<double> members = {};          // of an ensemble: the age that each member gives by itself
  bool cannot_tell = false;                  // the interval is_too_wide(): the age is not for users, only for measuring
};

// Why the age of an estimate is not told: the network's output is not a number, or the model cannot tell. Empty: it is.
std::string reason_of(const Estimate& estimate);

// Deviation of the members' ages, years; 0 for a single network.
double spread_of(const Estimate& estimate);

// By which an interval around the estimate follows the picture (interval.h): that of its distribution, which of an
// ensemble, or where the mirror image is looked at too, is the mean one; of a regression, which has none, 1 year.
double scale_of(const Model& model, const Estimate& estimate);

// A prepared face, or what training has made of one at the network's own size, as network input, C × H × W floats of
// input_side(): its middle where the network sees less (center_crop_side()), scaled bilinearly where it is told to,
// channel order, mean (in the network's channel order) and scale applied; where the recipe whitens, the bare pixels 0 …
// 255, ready for apply_zca(). The one place where pixels become numbers: train and estimate both call it. Throws
// std::invalid_argument for a face that is not prepared.
void to_network_input(const recipe::Recipe& recipe, const image::Image& face, std::span<float> input);

// The pixels that to_network_input() makes numbers of, C × H × W bytes in the network's channel order: what an exported
// network, which subtracts and scales by itself, is to be given. Throws as that does.
std::vector<std::uint8_t> network_pixels(const recipe::Recipe& recipe, const image::Image& face);

// What the raw outputs of a network mean: those of one picture.
Estimate estimate_of(const Model& model, std::span<const float> outputs);

// Of several estimates of the same face: the mean distribution, the age that predict.point_estimate makes of it
// (a regression: the mean age), and the mean probability of gender.
Estimate mean_of(const Model& model, std::span<const Estimate> estimates);

// Of an ensemble, from what each member says of each picture: by_member[member][picture].
std::vector<Estimate> estimates_of_ensemble(const Model& model, const std::vector<std::vector<Estimate>>& by_member);

// Estimates with dropout off and normalisation by the running statistics, also where the recipe says predict.dropout or
// predict.batch_statistics: those repeat how the article measured, and would make one picture's age depend on chance
// and on the pictures beside it. With predict.flip each face is looked at twice. One thread at a time.
class Estimator {
 public:
  // Works on `batch` faces at a time. Members of an ensemble that have more parameters than `most_held` together take
  // turns in one network: each is then given to it anew for every batch, read from its file where it lies in one, and
  // estimating may throw what reading throws.
  Estimator(Model model, nn::Engine& engine, int batch, std::size_t most_held = kMostParametersHeld);
  // Its parameters are gone, of all members: what the kernels made of them is all that is held.
  const Model& model() const { return model_; }
  std::size_t batch() const { return batch_; }
  // Of prepared faces, any number.
  std::vector<Estimate> estimate(std::span<const image::Image> faces);
  // Of network inputs as to_network_input() gives them, one after the other, any number.
  std::vector<Estimate> estimate_inputs(std::span<const float> inputs);

 private:
  void estimate_batch(std::span<const float> inputs, std::vector<Estimate>& estimates);
  std::vector<Estimate> ensemble_estimates(std::span<const float> inputs);
  std::vector<Estimate> member_estimates(nn::Executable& network, std::span<const float> inputs);
  std::vector<Estimate> outputs_of(nn::Executable& network, std::size_t faces);
  nn::Executable& network_of(std::size_t member);

  Model model_;
  std::size_t batch_;
  std::vector<std::unique_ptr<nn::Executable>> networks_;  // one a member, or one in which they take turns …
  std::vector<Member> turns_;                              // … these
};

}  // namespace agewise::estimate
