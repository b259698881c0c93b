// What `predict --json`, `info --json` and the service say of models and estimates.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agewise/estimate/answer.h"

namespace agewise::estimate {

struct LayerCard {
  std::string name, kind, shape;  // shape: channels×height×width
  std::int64_t parameters = 0;
};

// The network's layers, its input first.
std::vector<LayerCard> layers_of(const Model& model);

// A model's card: kind, recipe, description, parameters (of one member), members (of an ensemble), face_size, colour,
// mean, scale, whitening (or null), classes
// [{name, years}], layers [{name, kind, shape, parameters}], coverage (of its intervals, or null), intervals
// (or null), notes, recipe_toml.
nlohmann::ordered_json card_of(const Model& model);

// Where the face is in its picture: box [left, top, right, bottom], angle, score and replicated; where the whole
// picture was taken for a face that was cut out, box null and crop true. Then age, of an ensemble spread (years, its
// members'), of a model with a gender head male (probability), class where names_classes(), and, where the model is
// calibrated, interval {low, high, coverage}. Where face_of() tells no age, after the place age null and a reason, and
// the interval where that is too wide. After the interval, where it is asked for, at_least {years, probability}. The
// numbers are face_of()'s.
nlohmann::ordered_json to_json(const Model& model, const face::FaceCut& cut, const std::string& refusal,
                               const Estimate& estimate, int at_least = 0);

// [{class, probability}], one a class.
nlohmann::ordered_json distribution_json(const Model& model, const Estimate& estimate);

// As a model file has them: coverage and groups [{from (years), low, high (scores)}] (interval.h), or of a model of an
// earlier version bands [{from, below, above}], in years; and at_least [{years, offset, slope}] (at_least.h), if there
// are any.
nlohmann::ordered_json to_json(const Intervals& intervals);

}  // namespace agewise::estimate
