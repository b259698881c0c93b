#include "app/predict_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agewise/base/text.h"
#include "agewise/estimate/answer.h"
#include "agewise/estimate/json.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

using Json = nlohmann::ordered_json;

// "34.2" or, of a calibrated model, "34.2 (27–42)".
std::string age_text(const estimate::Estimate& estimate) {
  std::string age = fmt::format("{:5.1f}", estimate.age);
  if (!estimate.interval) return age;
  return age + fmt::format(" {:>9}", fmt::format("({:.0f}–{:.0f})", estimate.interval->low, estimate.interval->high));
}

// "97 %", but never 0 % or 100 %.
std::string probability_text(double probability) {
  if (probability > 0.99) return ">99 %";
  if (probability < 0.01) return "<1 %";
  return fmt::format("{:.0f} %", 100 * probability);
}

// Of a value of JSON, in the same digits; empty where there is none.
std::string csv_value(const Json& json, const char* key) {
  auto found = json.find(key);
  if (found == json.end() || found->is_null()) return "";
  return found->is_string() ? csv_field(found->get<std::string>()) : found->dump();
}

// With the probability of `at_least` years, where it is asked for (above 0).
std::string csv_row(const std::string& file, const std::string& face, const Json& json, int at_least) {
  static const Json kNothing = Json::object();
  auto interval = json.find("interval");
  const Json& ends = interval == json.end() ? kNothing : *interval;
  std::string row = csv_field(base::as_utf8(file)) + "," + face;
  row += "," + csv_value(json, "age") + "," + csv_value(ends, "low") + "," + csv_value(ends, "high");
  for (const char* key : {"spread", "male", "class"}) row += "," + csv_value(json, key);
  auto box = json.find("box");
  for (std::size_t side = 0; side < 4; ++side)
    row += "," + (box == json.end() || box->is_null() ? std::string() : box->at(side).dump());
  for (const char* key : {"angle", "score", "reason"}) row += "," + csv_value(json, key);
  if (at_least > 0) row += "," + csv_value(json.value("at_least", kNothing), "probability");
  return row + "\r\n";
}

}  // namespace

PredictionWriter::PredictionWriter(const PredictWriting& writing, const estimate::Model& model, Write write)
    : writing_(writing), model_(model), write_(std::move(write)) {
  for (const std::string& name : model.classes.names) name_width_ = std::max(name_width_, display_width(name));
  names_classes_ = estimate::names_classes(model);
}

void PredictionWriter::begin(bool names_columns) {
  if (writing_.format == PredictFormat::csv)
    write_(fmt::format("{}left,top,right,bottom,angle,score,reason{}\r\n", kPredictCsvHead,
                       writing_.at_least > 0 ? fmt::format(",at_least_{}", writing_.at_least) : ""));
  if (writing_.format != PredictFormat::text || !names_columns) return;
  std::string interval =
      model_.intervals ? fmt::format(" {:>9}", fmt::format("({:.0f} %)", 100 * model_.intervals->coverage)) : "";
  std::string at_least = writing_.at_least > 0 ? fmt::format("  {:>5}", fmt::format("≥ {}", writing_.at_least)) : "";
  std::string spread = model_.further_members.empty() ? "" : "   dev";
  std::string gender = model_.recipe.train.gender_weight > 0 ? "gender       " : "";
  std::string column = names_classes_ ? fmt::format("{:<{}}  ", "class", name_width_) : "";
  write_(fmt::format("{:>5}{}{}{}  {}{}file\n", "age", interval, at_least, spread, gender, column));
}

void PredictionWriter::picture(const face::ReadPicture& picture, std::span<const estimate::Estimate> estimates) {
  if (!picture.problem.empty()) return problem(picture.name, picture.problem);
  if (estimates.empty()) return no_face(picture.name);
  for (std::size_t i = 0; i < estimates.size(); ++i)
    face(picture.name, i + 1, picture.faces.cuts[i], picture.faces.refusals[i], estimates[i]);
}

void PredictionWriter::face(const std::string& file, std::size_t number, const face::FaceCut& cut,
                            const std::string& refusal, const estimate::Estimate& estimate) {
  switch (writing_.format) {
    case PredictFormat::text:
      return face_as_text(file, cut, refusal, estimate);
    case PredictFormat::json:
    case PredictFormat::jsonl:
      return face_as_json(file, cut, refusal, estimate);
    case PredictFormat::csv:
      return write_(csv_row(file, std::to_string(number),
                            estimate::to_json(model_, cut, refusal, estimate, writing_.at_least), writing_.at_least));
  }
}

void PredictionWriter::face_as_text(const std::string& file, const face::FaceCut& cut, const std::string& refusal,
                                    const estimate::Estimate& estimate) {
  Face face = estimate::face_of(model_, cut, refusal, estimate, writing_.at_least);
  std::string probability = face.at_least ? probability_text(face.at_least->probability) : "";
  if (!face.reason.empty()) {
    std::string older = face.at_least ? fmt::format("; {} or older: {}", face.at_least->years, probability) : "";
    return write_(fmt::format("    –  {}{}  {}{}\n", file, place_text(cut), face.reason, older));
  }
  std::string at_least = face.at_least ? fmt::format("  {:>5}", probability) : "";
  const std::string& name = model_.classes.names[estimate.most_likely_class];
  std::string spread = estimate.members.empty() ? "" : fmt::format(" ±{:4.1f}", estimate::spread_of(estimate));
  std::string gender = estimate.male ? fmt::format("{:4.0f} % male  ", 100 * *estimate.male) : "";
  std::string column = names_classes_ ? name + std::string(name_width_ - display_width(name), ' ') + "  " : "";
  write_(
      fmt::format("{}{}{}  {}{}{}{}\n", age_text(estimate), at_least, spread, gender, column, file, place_text(cut)));
  if (!writing_.distribution) return;
  for (int c = 0; c < model_.classes.count(); ++c)
    write_(fmt::format("       {:5.1f} %  {}\n", 100 * estimate.distribution[c], model_.classes.names[c]));
}

void PredictionWriter::face_as_json(const std::string& file, const face::FaceCut& cut, const std::string& refusal,
                                    const estimate::Estimate& estimate) {
  Json json{{"file", file}};
  json.update(estimate::to_json(model_, cut, refusal, estimate, writing_.at_least));
  if (writing_.distribution && !json["age"].is_null())
    json["distribution"] = estimate::distribution_json(model_, estimate);
  element(json);
}

void PredictionWriter::no_face(const std::string& file) {
  if (writing_.format == PredictFormat::text)
    return write_(fmt::format("    –  {}  {}  {}\n", std::string(name_width_, ' '), file, estimate::kNoFace));
  Json json{{"file", file}, {"box", nullptr}, {"age", nullptr}, {"reason", estimate::kNoFace}};
  if (writing_.format == PredictFormat::csv) return write_(csv_row(file, "", json, writing_.at_least));
  element(json);
}

void PredictionWriter::problem(const std::string& file, const std::string& problem) {
  if (writing_.format == PredictFormat::text) {
    std::fprintf(stderr, "agewise: %s\n", problem.c_str());
  } else if (writing_.format == PredictFormat::csv) {
    write_(csv_row(file, "", {{"reason", base::as_utf8(problem)}}, writing_.at_least));
  } else {
    element({{"file", file}, {"age", nullptr}, {"problem", problem}});
  }
}

void PredictionWriter::end() {
  if (writing_.format == PredictFormat::json) write_(any_ ? "\n]\n" : "[]\n");
}

// One line each.
void PredictionWriter::element(const Json& json) {
  if (writing_.format == PredictFormat::jsonl) return write_(json_text(json) + "\n");
  write_((any_ ? ",\n" : "[\n") + json_text(json));
  any_ = true;
}

// Where in its picture a face is; wordy: and how sure the detector is of it.
std::string PredictionWriter::place_text(const face::FaceCut& cut) const {
  if (!cut.face) return "  taken as a face crop";
  const image::Box& box = cut.face->box;
  std::string text =
      fmt::format("  at {:.0f},{:.0f} {:.0f}×{:.0f}", box.left, box.top, box.right - box.left, box.bottom - box.top);
  if (std::abs(cut.face->angle) >= 0.5) text += fmt::format(", turned {:.0f}°", cut.face->angle);
  if (!writing_.wordy) return text;
  if (cut.face->score > 0) text += fmt::format(", detector's score {:.1f}", cut.face->score);  // a given place has none
  if (cut.replicated >= 0.005)
    text += fmt::format(", {:.0f} % of the crop lies outside the picture", 100 * cut.replicated);
  return text;
}

}  // namespace agewise::app
