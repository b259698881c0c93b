// A recipe: every setting of screening, preparing, network and training, as plain structs. The defaults are those of
// agewise; the settings of the article and of DEX are in recipes/*.toml. Each struct is a table of the TOML file, each
// member a key of the same name (docs/recipes.md explains every key).
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "agewise/age/classes.h"

namespace agewise::recipe {

// "mid-year" … in TOML. `real_age`: for labels with an apparent and a real age, use the real one.
enum class AgeRule { mid_year, year_difference, birth_month, real_age };
enum class SecondFace { reject, ignore, require };  // `require` is the article's inverted filter
enum class GenderRule { optional, required };

struct ScreenRecipe {
  AgeRule age_rule = AgeRule::mid_year;
  double min_age = 0, max_age = 100;  // years, inclusive; `inf` for no bound
  double min_face_score = 1.0;        // -inf also accepts pictures without a face (score not finite)
  SecondFace second_face = SecondFace::reject;
  double max_second_face_score = 0;  // with `reject`: a finite second score above this is a second face
  GenderRule gender = GenderRule::optional;
};

enum class Colour { grey, rgb };

enum class Rotations { upright, coarse_to_fine, all };  // at which angles faces are looked for: face/any_angle.h
enum class NoFace { whole, reject };                    // what to do with a picture in which no face is found

// With neither `crop` nor `detect`, pictures are face crops already.
struct FaceRecipe {
  int size = 128;  // stored faces are size × size pixels
  Colour colour = Colour::grey;
  bool crop = false;                                // whole pictures: cut out the face at the labels' location
  bool detect = false;                              // whole pictures: detect the face
  std::string detector = "hog";                     // with detect: "hog", "yunet" or YuNet's weights (.onnx)
  Rotations rotations = Rotations::coarse_to_fine;  // with detect
  NoFace no_face = NoFace::whole;                   // with detect
  double margin = 0.4;  // with crop or detect: of the face's width and height, added on each side
};

struct ClassesRecipe {
  std::vector<double> edges;       // ascending, in years: n edges make n + 1 classes; [30, 45, 60] are the article's
  std::vector<std::string> names;  // one per class, or none
  int years = 0;                   // instead of edges: one class per year, 0 … years - 1 (DEX: 101)
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
  double epsilon = 0.1;   // relative to the mean pixel variance; the article's is 0
  int components = 0;     // number of strongest directions kept; 0: all
  bool identity = false;  // true: full ZCA, other directions are scaled by 1/√ε; false: projected ZCA
  int samples = 7000;     // fitted on at most so many training pictures, drawn at random by the seed
};

// How training pictures are augmented, drawn again in each epoch (train/augment.h). The defaults do nothing.
struct AugmentRecipe {
  bool crop = false;                                    // network.size cut out of face.size at a random place
  bool mirror = false;                                  // half of the pictures
  double rotate = 0;                                    // up to ± so many degrees
  double shift = 0;                                     // up to ± this share of the picture's size, both ways
  double scale = 0;                                     // enlarged by 1 - scale … 1 + scale
  double brightness = 0, contrast = 0, saturation = 0;  // times 1 - x … 1 + x
  double hue = 0;                                       // turned by up to ± this share of the full circle
  double tint = 0;                                      // each channel times 1 - tint … 1 + tint
  double grey = 0;                                      // probability of losing the colours
  double blur = 0, blur_factor = 3;                     // probability; shrunk by at most this factor, then enlarged
  double scan = 0;                                      // probability of looking like a scan of an old photograph
  double noise = 0, noise_deviation = 12;               // probability; largest deviation, grey levels
  double jpeg = 0;                                      // probability …
  int jpeg_quality = 20;                                // … of compression with a quality from this to 90
  double erase = 0, erase_area = 0.2;                   // probability; largest share of the picture
};

// A value in a layer's table.
using LayerValue = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>>;

// One [[network.layers]] table. `kind` and the other keys are defined by nn (agewise/nn/build.h); a recipe only holds
// them, in order.
struct LayerRecipe {
  std::string kind, name;         // name: if empty, nn makes one
  std::vector<std::string> from;  // names of the input layers; empty: the layer before
  std::map<std::string, LayerValue> options;
};

struct NetworkRecipe {
  double scale = 1;          // network input = (pixel - mean) * scale, pixel 0..255 …
  std::vector<double> mean;  // … one per channel, or none for 0; ignored for whitened pictures
  bool bgr = false;          // channel order at the network's input
  int size = 0;              // width and height of the network's input, pixels: a face's centre; 0: all of it
  int center_crop = 0;       // width of that centre in pixels, resized to `size`; 0: `size`, so that nothing is resized
  std::vector<LayerRecipe> layers;  // all of them, those of a named network (network.base) too
};

enum class Loss { cross_entropy, label_distribution, expected_value_l1, regression, mean_variance };
enum class LabelSigma { replaces, widens, ignored };
enum class Optimiser { sgd, rmsprop, adamw };
enum class Schedule { constant, step, cosine };
enum class Exchange { float32, bfloat16 };
enum class Monitor { accuracy, mae, loss, epsilon, last };

struct TrainRecipe {
  Loss loss = Loss::cross_entropy;
  double sigma = 2;                               // years, of the label distribution
  LabelSigma label_sigma = LabelSigma::replaces;  // a label's own deviation: instead of sigma, or as √(σ² + own²)
  double mean_weight = 0.2, variance_weight = 0.05;  // of the mean-variance loss
  double distillation_weight = 0;   // share of a teacher's distribution in the target; 0: the label alone
  double gender_weight = 0;         // of a gender head's cross-entropy, added to the age's loss; 0: none
  int age_cap = 0;                  // most pictures of one age in an epoch, drawn again in each; 0: all
  double age_weight = 0;            // a picture's loss times (pictures of its age)^-x; 0: pictures equal, 1: ages equal
  std::vector<double> age_weights;  // of several stores: each its own age_weight; none: that for all
  std::vector<double> data_weights;  // of several stores: a picture's loss times its store's; none: all 1
  std::vector<std::string> frozen;   // layers that are not trained: names, with * and ? as in a shell
  std::string features;              // a layer with only frozen layers before it: its input is computed once and kept
  int feature_copies = 1;            // of each training picture, each augmented differently; epochs use them in turn
  Optimiser optimiser = Optimiser::rmsprop;
  double learning_rate = 1e-3;
  double alpha = 0.9;                 // RMSprop's decay of the squared gradient
  double momentum = 0.9;              // SGD
  double beta1 = 0.9, beta2 = 0.999;  // AdamW
  double epsilon = 1e-8;              // RMSprop and AdamW: added to the root
  double weight_decay = 0;            // not on biases and normalisation
  Schedule schedule = Schedule::constant;
  int warmup_epochs = 0;  // cosine: linear up to `learning_rate`
  int step_epochs = 30;   // step: times `step_factor` every so many epochs
  double step_factor = 0.1;
  double ema_decay = 0;  // decay of the exponential moving average of the weights; 0: none
  int batch = 128;
  bool sync_batch_norm = false;           // of several processes: normalise by the whole batch, not each its own rows
  Exchange exchange = Exchange::float32;  // of several processes: how they send gradients to each other
  int epochs = 100;
  int patience = 0;                     // stop after so many epochs without improvement in validation; 0: never
  Monitor monitor = Monitor::accuracy;  // what makes a checkpoint the best
  std::uint64_t seed = 1;
};

enum class PointEstimate { expected_value, median, argmax };

// How an age is computed from the network's output, in training and afterwards.
struct PredictRecipe {
  PointEstimate point_estimate = PointEstimate::expected_value;
  bool flip = false;              // test-time augmentation: average the estimates for the picture and its mirror image
  bool dropout = false;           // as in Chainer v1: dropout stays on when testing
  bool batch_statistics = false;  // normalise by the statistics of the batch when testing
  double widest_interval = 0;     // years: no age is told where its interval is wider; 0: it is told of all
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

// Called with a sentence for the user to read: about a key with an old name (renamed.h).
using Notice = std::function<void(const std::string&)>;

// Reads TOML. `origin` is what errors call the text (a path, "built-in recipe seed"). Throws UsageError that names
// origin, line and key: for a syntax error, an unknown key (with the nearest known one), a wrong type, a value out of
// range, an old name beside its new one. Keys not given keep their defaults.
Recipe parse_recipe(const std::string& toml, const std::string& origin);

// TOML with every key, which parse_recipe reads back to the same recipe.
std::string to_toml(const Recipe& recipe);

// `name_or_file`: a built-in name, or a path to a .toml file. The error for an unknown name lists the built-in ones.
Recipe load_recipe(const std::string& name_or_file, const Notice& notice = {});

// A rule as recipes spell it: "expected-value", "median", "argmax".
std::string name_of(PointEstimate rule);

// One `--set table.key=value`: the value in TOML syntax, or bare text for a string ("birth-month").
void set_option(Recipe& recipe, const std::string& assignment);

// Several at once: keys that must fit together (classes.names and classes.edges) are checked after the last. Changes
// nothing if it throws UsageError.
void set_options(Recipe& recipe, const std::vector<std::string>& assignments, const Notice& notice = {});

// Width and height of the network's input, in pixels.
inline int input_side(const Recipe& recipe) { return recipe.network.size > 0 ? recipe.network.size : recipe.face.size; }

// Width and height, in pixels, of the part of a stored face that the network sees.
inline int center_crop_side(const Recipe& recipe) {
  return recipe.network.center_crop > 0 ? recipe.network.center_crop : input_side(recipe);
}

// Whether training pictures are changed at all.
bool augments(const AugmentRecipe& recipe);

// The classes of the table. Throws std::invalid_argument if it has none.
age::Classes classes_of(const ClassesRecipe& recipe);

// Names and texts of the recipes compiled in from recipes/*.toml, sorted by name.
const std::map<std::string, std::string>& built_in_recipes();

}  // namespace agewise::recipe
