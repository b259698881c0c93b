#include "agewise/report/data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agewise/evaluate/json.h"
#include "agewise/image/encode.h"
#include "agewise/recipe/determines.h"
#include "agewise/report/curves.h"

namespace agewise::report {
namespace {

using nlohmann::json;

constexpr int kBinYears = 5, kBins = 21;  // the last is 100 and over
constexpr int kPictureQuality = 80;       // of the worst mistakes, as JPEG

json age_bin_names() {
  json names;
  for (int bin = 0; bin + 1 < kBins; ++bin) names.push_back(fmt::format("{}–{}", bin * kBinYears, bin * kBinYears + 4));
  names.push_back(fmt::format("{}+", (kBins - 1) * kBinYears));
  return names;
}

std::size_t bin_of(double age) {
  return static_cast<std::size_t>(std::clamp(std::floor(age / kBinYears), 0.0, kBins - 1.0));
}

struct Part {
  std::string name;
  std::int64_t pictures = 0;
  std::vector<double> ages, classes;  // counts

  void add(const store::FaceRecord& face, const age::Classes& known_classes) {
    ++pictures;
    if (!face.age_range) {
      ++ages[bin_of(face.age)];
      ++classes[static_cast<std::size_t>(age::class_of(known_classes, face.age))];
      return;
    }
    age::WholeYears years = age::whole_years(*face.age_range);
    for (int year = years.first; year <= years.last; ++year) {
      ages[bin_of(year)] += 1.0 / years.count();
      classes[static_cast<std::size_t>(age::class_of(known_classes, year))] += 1.0 / years.count();
    }
  }
};

// All pictures, then each part that has any.
json parts_of(const Report& report) {
  std::vector<Part> parts{{"all"}, {"train"}, {"val"}, {"test"}};
  for (Part& part : parts) {
    part.ages.resize(kBins);
    part.classes.resize(static_cast<std::size_t>(report.classes.count()));
  }
  for (const store::FaceRecord& face : report.faces) {
    for (Part* part : {parts.data(), &parts[1 + static_cast<std::size_t>(face.split)]}) part->add(face, report.classes);
  }
  json list = json::array();
  for (const Part& part : parts) {
    if (part.pictures == 0) continue;
    list.push_back({{"name", part.name}, {"pictures", part.pictures}, {"ages", part.ages}, {"classes", part.classes}});
  }
  return list;
}

json to_json(const train::PartScores& scores) {
  return {{"loss", scores.loss}, {"accuracy", scores.accuracy}, {"mae", scores.mae}};
}

json epochs_of(const Report& report) {
  json list = json::array();
  for (const train::EpochRecord& epoch : report.epochs) {
    list.push_back({{"epoch", epoch.epoch},
                    {"train", to_json(epoch.train)},
                    {"validation", to_json(epoch.validation)},
                    {"images_per_second", epoch.images_per_second}});
  }
  return list;
}

json axis_end_of(const Report& report, double train::PartScores::*score) {
  std::optional<AxisEnd> end = axis_end(report.epochs, score);
  return end ? json{{"top", end->top}, {"beyond", end->beyond}} : json(nullptr);
}

bool is_finished(const Report& report) {
  return !report.epochs.empty() &&
         train::is_at_end(report.recipe.train, report.epochs.back().epoch, train::best_epoch(report.epochs));
}

// What a network meets in training only.
std::string harder_training(const recipe::Recipe& recipe) {
  auto drops = [](const recipe::LayerRecipe& layer) { return layer.kind == "dropout"; };
  bool dropout = !recipe.predict.dropout && std::ranges::any_of(recipe.network.layers, drops);
  bool augmented = recipe::determinants(recipe::Outcome::features, recipe).find("augment.") != std::string::npos;
  if (dropout && augmented) return "are augmented, and dropout switches units off";
  if (augmented) return "are augmented";
  return dropout ? "are seen with units switched off by dropout" : "";
}

// As the module has it, with the pictures of the worst mistakes.
json evaluation_of(const Report& report) {
  if (!report.evaluation) return nullptr;
  json evaluation = evaluate::to_json(*report.evaluation);
  for (json& one : evaluation["worst"]) {
    one["picture"] = nullptr;
    if (!report.picture) continue;
    std::vector<std::byte> jpeg = image::encode_jpeg(report.picture(one["row"].get<std::int64_t>()), kPictureQuality);
    one["picture"] = "data:image/jpeg;base64," + base64(jpeg);
  }
  return evaluation;
}

}  // namespace

json report_data(const Report& report) {
  json metadata = json::array();
  for (const auto& [label, text] : report.metadata) metadata.push_back({label, text});
  return {{"title", report.title},
          {"description", report.recipe.description},
          {"recipe", recipe::to_toml(report.recipe)},
          {"metadata", metadata},
          {"caveats", report.caveats},
          {"score_years", evaluate::kScoreYears},
          {"age_bins", age_bin_names()},
          {"class_names", report.classes.names},
          {"parts", parts_of(report)},
          {"epochs", epochs_of(report)},
          {"best_epoch", train::best_epoch(report.epochs)},
          {"finished", is_finished(report)},
          {"axis_ends",
           {{"loss", axis_end_of(report, &train::PartScores::loss)},
            {"mae", axis_end_of(report, &train::PartScores::mae)}}},
          {"harder_training", harder_training(report.recipe)},
          {"evaluation", evaluation_of(report)}};
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
    unsigned triple = 0;
    for (std::size_t k = 0; k < 3; ++k) triple = triple << 8 | (k < here ? std::to_integer<unsigned>(bytes[i + k]) : 0);
    for (std::size_t digit = 0; digit < 4; ++digit) {
      text += digit <= here ? kDigits[triple >> (18 - 6 * digit) & 63] : '=';
    }
  }
  return text;
}

}  // namespace agewise::report
