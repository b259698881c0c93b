// report.html: one file, readable without any network, that tells what a model was made of and how good it is.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/evaluate/evaluate.h"
#include "agewise/recipe/recipe.h"
#include "agewise/store/store.h"
#include "agewise/train/log.h"

namespace agewise::report {

struct Report {
  std::string title;                                          // "runs/seed"
  std::vector<std::pair<std::string, std::string>> metadata;  // what a reader wants to know first: label and text
  recipe::Recipe recipe;                                      // as resolved
  age::Classes classes;
  std::vector<store::FaceRecord> faces;                   // of the stores; shown as histograms of age and class
  std::vector<train::EpochRecord> epochs;                 // empty: not trained here
  std::optional<evaluate::Evaluation> evaluation;         // nothing: not measured yet
  std::vector<std::string> caveats;                       // of the evaluation
  std::function<image::Image(std::int64_t row)> picture;  // of a face among evaluation->worst; empty: shown without
};

// The page, about 220 KB and 3 KB for each of the worst mistakes.
std::string report_html(const Report& report);

// Whether a file that begins like this is such a page.
bool is_report(std::string_view beginning);

}  // namespace agewise::report
