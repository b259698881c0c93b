#include "agewise/recipe/keys.h"

#include <array>
#include <limits>
#include <type_traits>

namespace agewise::recipe {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// `&Recipe::table, &Table::member` as a function to the member.
template <auto table, auto member>
auto& at(Recipe& recipe) {
  return recipe.*table.*member;
}

template <auto table, auto member>
EnumNames enum_names(std::vector<std::string> names) {
  return {[](Recipe& recipe, int value) {
            auto& place = at<table, member>(recipe);
            place = static_cast<std::remove_reference_t<decltype(place)>>(value);
          },
          [](const Recipe& recipe) { return static_cast<int>(recipe.*table.*member); }, std::move(names)};
}

constexpr std::array kPointEstimates{"expected-value", "median", "argmax"};  // in the order of PointEstimate

constexpr auto kScreen = &Recipe::screen;
constexpr auto kFace = &Recipe::face;
constexpr auto kClasses = &Recipe::classes;
constexpr auto kSplit = &Recipe::split;
constexpr auto kWhiten = &Recipe::whiten;
constexpr auto kAugment = &Recipe::augment;
constexpr auto kNetwork = &Recipe::network;
constexpr auto kTrain = &Recipe::train;
constexpr auto kPredict = &Recipe::predict;

std::vector<Key> make_keys() {
  using Real = Number<double>;
  using Whole = Number<int>;
  using Seed = Number<std::uint64_t>;
  constexpr double kAnySeed = 9223372036854775807.0;  // TOML's integers are signed
  return {
      {"", "name", [](Recipe& r) -> std::string& { return r.name; }},
      {"", "description", [](Recipe& r) -> std::string& { return r.description; }},

      {"screen", "age_rule",
       enum_names<kScreen, &ScreenRecipe::age_rule>({"mid-year", "year-difference", "birth-month", "real-age"})},
      {"screen", "min_age", Real{at<kScreen, &ScreenRecipe::min_age>, -kInfinite, kInfinite}},
      {"screen", "max_age", Real{at<kScreen, &ScreenRecipe::max_age>, -kInfinite, kInfinite}},
      {"screen", "min_face_score", Real{at<kScreen, &ScreenRecipe::min_face_score>, -kInfinite, kInfinite}},
      {"screen", "second_face", enum_names<kScreen, &ScreenRecipe::second_face>({"reject", "ignore", "require"})},
      {"screen", "max_second_face_score",
       Real{at<kScreen, &ScreenRecipe::max_second_face_score>, -kInfinite, kInfinite}},
      {"screen", "gender", enum_names<kScreen, &ScreenRecipe::gender>({"optional", "required"})},

      {"face", "size", Whole{at<kFace, &FaceRecipe::size>, 8, 1024}},
      {"face", "colour", enum_names<kFace, &FaceRecipe::colour>({"grey", "rgb"})},
      {"face", "crop", at<kFace, &FaceRecipe::crop>},
      {"face", "detect", at<kFace, &FaceRecipe::detect>},
      {"face", "detector", at<kFace, &FaceRecipe::detector>},
      {"face", "rotations", enum_names<kFace, &FaceRecipe::rotations>({"upright", "coarse-to-fine", "all"})},
      {"face", "no_face", enum_names<kFace, &FaceRecipe::no_face>({"whole", "reject"})},
      {"face", "margin", Real{at<kFace, &FaceRecipe::margin>, -0.49, 10}},

      {"classes", "edges", at<kClasses, &ClassesRecipe::edges>},
      {"classes", "names", at<kClasses, &ClassesRecipe::names>},
      {"classes", "years", Whole{at<kClasses, &ClassesRecipe::years>, 0, 1000}},

      {"split", "rule", enum_names<kSplit, &SplitRecipe::rule>({"random", "ordered"})},
      {"split", "train", Real{at<kSplit, &SplitRecipe::train>, 0.01, 0.99}},
      {"split", "seed", Seed{at<kSplit, &SplitRecipe::seed>, 0, kAnySeed}},

      {"whiten", "method", enum_names<kWhiten, &WhitenRecipe::method>({"none", "zca"})},
      {"whiten", "epsilon", Real{at<kWhiten, &WhitenRecipe::epsilon>, 0, kInfinite}},
      {"whiten", "components", Whole{at<kWhiten, &WhitenRecipe::components>, 0, 1 << 20}},
      {"whiten", "identity", at<kWhiten, &WhitenRecipe::identity>},
      {"whiten", "samples", Whole{at<kWhiten, &WhitenRecipe::samples>, 2, 1 << 20}},

      {"augment", "crop", at<kAugment, &AugmentRecipe::crop>},
      {"augment", "mirror", at<kAugment, &AugmentRecipe::mirror>},
      {"augment", "rotate", Real{at<kAugment, &AugmentRecipe::rotate>, 0, 180}},
      {"augment", "shift", Real{at<kAugment, &AugmentRecipe::shift>, 0, 1}},
      {"augment", "scale", Real{at<kAugment, &AugmentRecipe::scale>, 0, 0.9}},
      {"augment", "brightness", Real{at<kAugment, &AugmentRecipe::brightness>, 0, 1}},
      {"augment", "contrast", Real{at<kAugment, &AugmentRecipe::contrast>, 0, 1}},
      {"augment", "saturation", Real{at<kAugment, &AugmentRecipe::saturation>, 0, 1}},
      {"augment", "hue", Real{at<kAugment, &AugmentRecipe::hue>, 0, 0.5}},
      {"augment", "tint", Real{at<kAugment, &AugmentRecipe::tint>, 0, 1}},
      {"augment", "grey", Real{at<kAugment, &AugmentRecipe::grey>, 0, 1}},
      {"augment", "blur", Real{at<kAugment, &AugmentRecipe::blur>, 0, 1}},
      {"augment", "blur_factor", Real{at<kAugment, &AugmentRecipe::blur_factor>, 1, 64}},
      {"augment", "scan", Real{at<kAugment, &AugmentRecipe::scan>, 0, 1}},
      {"augment", "noise", Real{at<kAugment, &AugmentRecipe::noise>, 0, 1}},
      {"augment", "noise_deviation", Real{at<kAugment, &AugmentRecipe::noise_deviation>, 0, 255}},
      {"augment", "jpeg", Real{at<kAugment, &AugmentRecipe::jpeg>, 0, 1}},
      {"augment", "jpeg_quality", Whole{at<kAugment, &AugmentRecipe::jpeg_quality>, 1, 90}},
      {"augment", "erase", Real{at<kAugment, &AugmentRecipe::erase>, 0, 1}},
      {"augment", "erase_area", Real{at<kAugment, &AugmentRecipe::erase_area>, 0.01, 1}},

      {"network", "scale", Real{at<kNetwork, &NetworkRecipe::scale>, -1e6, 1e6}},
      {"network", "mean", at<kNetwork, &NetworkRecipe::mean>},
      {"network", "bgr", at<kNetwork, &NetworkRecipe::bgr>},
      {"network", "size", Whole{at<kNetwork, &NetworkRecipe::size>, 0, 1024}},
      {"network", "center_crop", Whole{at<kNetwork, &NetworkRecipe::center_crop>, 0, 1024}},

      {"train", "loss",
       enum_names<kTrain, &TrainRecipe::loss>(
           {"cross-entropy", "label-distribution", "expected-value-l1", "regression", "mean-variance"})},
      {"train", "sigma", Real{at<kTrain, &TrainRecipe::sigma>, 0.01, 100}},
      {"train", "distillation_weight", Real{at<kTrain, &TrainRecipe::distillation_weight>, 0, 1}},
      {"train", "gender_weight", Real{at<kTrain, &TrainRecipe::gender_weight>, 0, 100}},
      {"train", "label_sigma", enum_names<kTrain, &TrainRecipe::label_sigma>({"replaces", "widens", "ignored"})},
      {"train", "mean_weight", Real{at<kTrain, &TrainRecipe::mean_weight>, 0, 1000}},
      {"train", "variance_weight", Real{at<kTrain, &TrainRecipe::variance_weight>, 0, 1000}},
      {"train", "age_cap", Whole{at<kTrain, &TrainRecipe::age_cap>, 0, 1'000'000'000}},
      {"train", "age_weight", Real{at<kTrain, &TrainRecipe::age_weight>, 0, 1}},
      {"train", "age_weights", at<kTrain, &TrainRecipe::age_weights>},
      {"train", "data_weights", at<kTrain, &TrainRecipe::data_weights>},
      {"train", "frozen", at<kTrain, &TrainRecipe::frozen>},
      {"train", "features", at<kTrain, &TrainRecipe::features>},
      {"train", "feature_copies", Whole{at<kTrain, &TrainRecipe::feature_copies>, 1, 1000}},
      {"train", "optimiser", enum_names<kTrain, &TrainRecipe::optimiser>({"sgd", "rmsprop", "adamw"})},
      {"train", "learning_rate", Real{at<kTrain, &TrainRecipe::learning_rate>, 0, 1000}},
      {"train", "alpha", Real{at<kTrain, &TrainRecipe::alpha>, 0, 1}},
      {"train", "momentum", Real{at<kTrain, &TrainRecipe::momentum>, 0, 1}},
      {"train", "beta1", Real{at<kTrain, &TrainRecipe::beta1>, 0, 0.999999}},
      {"train", "beta2", Real{at<kTrain, &TrainRecipe::beta2>, 0, 0.999999}},
      {"train", "epsilon", Real{at<kTrain, &TrainRecipe::epsilon>, 0, 1}},
      {"train", "weight_decay", Real{at<kTrain, &TrainRecipe::weight_decay>, 0, 1}},
      {"train", "schedule", enum_names<kTrain, &TrainRecipe::schedule>({"constant", "step", "cosine"})},
      {"train", "warmup_epochs", Whole{at<kTrain, &TrainRecipe::warmup_epochs>, 0, 1'000'000}},
      {"train", "step_epochs", Whole{at<kTrain, &TrainRecipe::step_epochs>, 1, 1'000'000}},
      {"train", "step_factor", Real{at<kTrain, &TrainRecipe::step_factor>, 0, 1}},
      {"train", "ema_decay", Real{at<kTrain, &TrainRecipe::ema_decay>, 0, 0.999999}},
      {"train", "batch", Whole{at<kTrain, &TrainRecipe::batch>, 1, 65536}},
      {"train", "sync_batch_norm", at<kTrain, &TrainRecipe::sync_batch_norm>},
      {"train", "exchange", enum_names<kTrain, &TrainRecipe::exchange>({"float32", "bfloat16"})},
      {"train", "epochs", Whole{at<kTrain, &TrainRecipe::epochs>, 1, 1'000'000}},
      {"train", "patience", Whole{at<kTrain, &TrainRecipe::patience>, 0, 1'000'000}},
      {"train", "monitor", enum_names<kTrain, &TrainRecipe::monitor>({"accuracy", "mae", "loss", "epsilon", "last"})},
      {"train", "seed", Seed{at<kTrain, &TrainRecipe::seed>, 0, kAnySeed}},
      {"predict", "point_estimate",
       enum_names<kPredict, &PredictRecipe::point_estimate>({kPointEstimates.begin(), kPointEstimates.end()})},
      {"predict", "flip", at<kPredict, &PredictRecipe::flip>},
      {"predict", "dropout", at<kPredict, &PredictRecipe::dropout>},
      {"predict", "batch_statistics", at<kPredict, &PredictRecipe::batch_statistics>},
      {"predict", "widest_interval", Real{at<kPredict, &PredictRecipe::widest_interval>, 0, kInfinite}},
  };
}

}  // namespace

std::string name_of(PointEstimate rule) { return kPointEstimates[static_cast<std::size_t>(rule)]; }

std::string full_name(const Key& key) { return key.table.empty() ? key.name : key.table + "." + key.name; }

const std::vector<Key>& recipe_keys() {
  static const std::vector<Key> keys = make_keys();
  return keys;
}

}  // namespace agewise::recipe
