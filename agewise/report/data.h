// What the page of a report is drawn from.
#pragma once
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "agewise/report/report.h"

namespace agewise::report {

// title, description, recipe (TOML), metadata [[label, text]], caveats, score_years (the k of CS@k);
// age_bins (names), class_names, parts [{name, pictures, ages: counts a bin, classes: counts a class}] (a picture of
// known range counts an even share in each of its years); epochs [{epoch, train and validation {loss, accuracy, mae},
// images_per_second}], best_epoch (0: none), finished (no epoch is to come); axis_ends: of loss and mae null or {top,
// beyond} (curves.h); harder_training: in words, what makes training pictures harder than those of validation, or
// empty; evaluation: null or as evaluate/json.h has it, each of worst with its picture (a data: URI or null). What is
// not finite is null.
nlohmann::json report_data(const Report& report);

std::string base64(std::span<const std::byte> bytes);  // RFC 4648, padded

}  // namespace agewise::report
