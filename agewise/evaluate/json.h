// An evaluation as `evaluate --json` prints it and the page of a report reads it.
#pragma once
#include <nlohmann/json_fwd.hpp>

#include "agewise/evaluate/evaluate.h"

namespace agewise::evaluate {

// part, classes (names), majority_class (its name), mean_age, baseline_from, all, decades, genders, races, sources,
// confusion, worst [{row, file, age, estimate}], members {count, mean_mae, best_mae, worst_mae, spread} or null,
// ranges, coverage, gender_accuracy, beats_majority, beats_mean_age, each or null; and reliability. A group is
// {name, pictures, missing, model, baseline}, where `missing` of the pictures got no estimate; scores are {accuracy,
// mae, mean_error, cs1, cs3, cs5, cs10, and epsilon_error where it is known}.
nlohmann::ordered_json to_json(const Evaluation& evaluation);

// The same, and caveats, the sentences; of a part without a single exact age only part, ranges and reliability.
nlohmann::ordered_json to_json(const Evaluation& evaluation, const estimate::Model& model);

// {name, pictures, coverage, mean_width, promised, decades [{name, pictures, coverage, mean_width}], worst}: of the
// decades that with the lowest coverage (worst_decade()), or null.
nlohmann::ordered_json to_json(const Coverage& coverage);

// [{years, pictures, told, older, error, bins [{pictures, told, older}]}], as in Reliability.
nlohmann::ordered_json to_json(const std::vector<Reliability>& reliability);

// {pictures, inside, within_2_years, distance, mean_distance, groups: [{name, pictures, …}]}, as in RangeScores.
nlohmann::ordered_json to_json(const Ranges& ranges);

}  // namespace agewise::evaluate
