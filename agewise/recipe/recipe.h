// A recipe: everything that decides what comes out of a collection, as plain structs with defaults. The defaults are
// those of agewise; what the article or DEX did otherwise stands in recipes/*.toml. Each struct is a table of the TOML
// file, each member a key of the same name (docs/recipes.md explains every key).
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "agewise/age/classes.h"

namespace agewise::recipe {

// "mid-year" … in TOML; facts: IMDB-WIKI. `real_age`: of labels with an apparent and a real age, the real one.
enum class AgeRule { mid_year, year_difference, birth_month, real_age };
enum class SecondFace { reject, ignore, require };  // `require` is the article's inverted filter
enum class GenderRule { optional, required };

struct ScreenRecipe {
  AgeRule age_rule = AgeRule::mid_year;
  double min_age = 0, max_age = 100;  // years, inclusive; `inf` for no bound
  double min_face_score = 1.0;        // -inf also takes pictures without a face (score not finite)
  SecondFace second_face = SecondFace::reject;
  double max_second_face_score = 0;  // with `reject`: a finite second score above this is a second face
  GenderRule gender = GenderRule::optional;
};

enum class Colour { grey, rgb };

enum class Rotations { upright, coarse_to_fine, all };  // at which angles faces are looked for: agewise/face/find.h
enum class NoFace { whole, reject };                    // of a picture in which none is found

// With neither `crop` nor `detect`, pictures are face crops already.
struct FaceRecipe {
  int size = 128;  // stored faces are size × size pixels
  Colour colour = Colour::grey;
  bool crop = false;                                // full pictures: cut by the labels' face location
  bool detect = false;                              // full pictures: the face is looked for
  std::string detector = "hog";                     // with detect: that, or a file with YuNet's weights (.onnx)
  Rotations rotations = Rotations::coarse_to_fine;  // with detect
  NoFace no_face = NoFace::whole;                   // with detect
  double margin = 0.4;  // with crop or detect: of the face's width and height, added on each side
};

struct ClassesRecipe {
  std::vector<double> edges;       // ascending, in years: n edges make n + 1 classes; [30, 45, 60] are the article's
  std::vector<std::string> names;  // one a class, or none
  int years = 0;                   // instead of edges: one class a year, 0 … years - 1 (DEX: 101)
};

enum class SplitRule { random, ordered };

struct SplitRecipe {
  SplitRule rule = SplitRule::random;
  double train = 0.7;  // share of the pictures; the rest is `test`
  std::uint64_t seed = 1;
};

enum class Whitening { none, zca };

struct WhitenRecipe {
  Whitening method = Whitening::none;
  double epsilon = 0.1;   // relative to the mean pixel variance; 0 as the article published it
  int components = 0;     // strongest directions kept; 0: all there are
  bool identity = false;  // true: full ZCA, directions outside the training span by 1/√ε; false: projected ZCA
  int samples = 7000;     // fitted on at most so many training pictures, drawn by the seed
};

// What happens to a training picture, anew in each epoch (train/augment.h). The defaults do nothing.
struct AugmentRecipe {
  bool crop = false;                                    // network.size cut out of face.size at a random place
  bool mirror = false;                                  // half of the pictures
  double rotate = 0;                                    // up to ± so many degrees
  double shift = 0;                                     // up to ± this share of the picture's size, both ways
  double scale = 0;                                     // enlarged by 1 - scale … 1 + scale
  double brightness = 0, contrast = 0, saturation = 0;  // times 1 - x … 1 + x
  double hue = 0;                                       // turned by up to ± this share of the full circle
  double tint = 0;                                      // each channel times 1 - tint … 1 + tint
  double grey = 0;                                      // probability that the colours go
  double blur = 0, blur_factor = 3;                     // probability; shrunk at most so many times, and enlarged
  double noise = 0, noise_deviation = 12;               // probability; at most, grey levels
  double jpeg = 0;                                      // probability …
  int jpeg_quality = 20;                                // … of a quality from here to 90
  double erase = 0, erase_area = 0.2;                   // probability; at most, share of the picture
};

// A value in a layer's table.
using LayerValue = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>>;

// One [[network.layers]] table. `kind` and the keys are nn's (agewise/nn/build.h); here they are only carried, in
// order.
struct LayerRecipe {
  std::string kind, name;         // name: may be empty, then nn makes one
  std::vector<std::string> from;  // names of the input layers; empty: the layer before
  std::map<std::string, LayerValue> options;
};

struct NetworkRecipe {
  double scale = 1;          // network input = (pixel - mean) * scale, pixel 0..255 …
  std::vector<double> mean;  // … one a channel, or none for 0; ignored for whitened pictures
  bool bgr = false;          // channel order at the network's input
  int size = 0;              // pixels, width and height at the network's input: the middle of a face; 0: all of it
  int center_crop = 0;       // pixels of that middle, made `size` by interpolation; 0: `size` pixels as they are
  std::vector<LayerRecipe> layers;  // all of them, those of a named network (network.base) too
};

enum class Loss { cross_entropy, label_distribution, expected_value_l1, regression, mean_variance };
enum class LabelSigma { replaces, widens, ignored };
enum class Optimiser { sgd, rmsprop, adamw };
enum class Schedule { constant, step, cosine };
enum class Monitor { accuracy, mae, loss, epsilon, last };

struct TrainRecipe {
  Loss loss = Loss::cross_entropy;
  double sigma = 2;                               // years, of the label distribution
  LabelSigma label_sigma = LabelSigma::replaces;  // a label's own deviation: instead of sigma, beside it (√(σ² + own²))
  double mean_weight = 0.2, variance_weight = 0.05;  // of the mean-variance loss
  double distillation_weight = 0;   // share of a teacher's distribution in the target; 0: the label alone
  double gender_weight = 0;         // of a gender head's cross-entropy beside the age's loss; 0: none
  int age_cap = 0;                  // pictures of one age in an epoch, drawn anew in each; 0: all
  double age_weight = 0;            // a picture's loss times (pictures of its age)^-x; 0: all alike, 1: ages alike
  std::vector<std::string> frozen;  // layers that are held still: names, * and ? as in a shell
  std::string features;             // a layer before which nothing learns: what it gives is computed once and kept
  int feature_copies = 1;           // of each training picture, differently augmented; epochs take turns
  Optimiser optimiser = Optimiser::rmsprop;
  double learning_rate = 1e-3;
  double alpha = 0.9;                 // RMSprop's decay of the squared gradient
  double momentum = 0.9;              // SGD
  double beta1 = 0.9, beta2 = 0.999;  // AdamW
  double epsilon = 1e-8;              // RMSprop and AdamW: added to the root
  double weight_decay = 0;            // not on biases and normalisation
  Schedule schedule = Schedule::constant;
  int warmup_epochs = 0;  // cosine: linear up to `learning_rate`
  int step_epochs = 30;   // step: every so many epochs times `step_factor`
  double step_factor = 0.1;
  double ema_decay = 0;  // of the exponential moving average of the weights; 0: none
  int batch = 128;
  int epochs = 100;
  int patience = 0;                     // stop after so many epochs without a better validation; 0: never
  Monitor monitor = Monitor::accuracy;  // what makes a checkpoint the best
  std::uint64_t seed = 1;
};

enum class PointEstimate { expected_value, median, argmax };

// How an age is made of what the network gives, also after training.
struct PredictRecipe {
  PointEstimate point_estimate = PointEstimate::expected_value;
  bool flip = false;              // test-time augmentation: the mean of the picture's estimate and its mirror image's
  bool dropout = false;           // Chainer v1's habit: dropout left on when testing
  bool batch_statistics = false;  // and normalisation by the batch's own statistics
};

struct Recipe {
  std::string name, description;
  ScreenRecipe screen;
  FaceRecipe face;
  ClassesRecipe classes;
  SplitRecipe split;
  WhitenRecipe whiten;
  AugmentRecipe augment;
  NetworkRecipe network;
  TrainRecipe train;
  PredictRecipe predict;
};

// Told what the reader should know, a sentence each: a key with an old name (renamed.h).
using Notice = std::function<void(const std::string&)>;

// Reads TOML. `origin` is what errors call the text (a path, "built-in recipe seed"). Throws UsageError that names
// origin, line and key: for a syntax error, an unknown key (with the nearest known one), a wrong type, a value out of
// range, an old name beside its new one. Keys not given keep their defaults.
Recipe parse_recipe(const std::string& toml, const std::string& origin);

// TOML that parse_recipe reads back to the same recipe, every key spelled out.
std::string to_toml(const Recipe& recipe);

// `name_or_file`: a built-in name, or a path to a .toml file. An unknown name lists the built-in ones.
Recipe load_recipe(const std::string& name_or_file, const Notice& notice = {});

// A rule as recipes spell it: "expected-value", "median", "argmax".
std::string name_of(PointEstimate rule);

// One `--set table.key=value`: the value in TOML syntax, or bare text for a string ("birth-month").
void set_option(Recipe& recipe, const std::string& assignment);

// Several at once: what keys must be together (so many classes.names to so many classes.edges) holds after the last.
// Throws UsageError and then changes nothing.
void set_options(Recipe& recipe, const std::vector<std::string>& assignments, const Notice& notice = {});

// Pixels, width and height at the network's input.
inline int input_side(const Recipe& recipe) { return recipe.network.size > 0 ? recipe.network.size : recipe.face.size; }

// Pixels of the stored face, width and height, that the network sees.
inline int center_crop_side(const Recipe& recipe) {
  return recipe.network.center_crop > 0 ? recipe.network.center_crop : input_side(recipe);
}

// Whether training pictures are changed at all.
bool augments(const AugmentRecipe& recipe);

// The classes that the table spells out. Throws std::invalid_argument if it spells out none.
age::Classes classes_of(const ClassesRecipe& recipe);

// Names and texts of the recipes compiled in from recipes/*.toml, sorted by name.
const std::map<std::string, std::string>& built_in_recipes();

}  // namespace agewise::recipe
