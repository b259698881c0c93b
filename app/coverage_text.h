// How often intervals hold the true age, as text: for `calibrate` and `evaluate`.
#pragma once
#include <span>
#include <string>

#include "agewise/evaluate/evaluate.h"

namespace agewise::app {

// A row for each decade, for all, and, where there are several, for each source.
std::string coverage_table(const evaluate::Coverage& coverage, std::span<const evaluate::Coverage> sources = {});

// "fewest at 70–79: 88.4 %"; empty where no decade has enough pictures to say so.
std::string worst_text(const evaluate::Coverage& coverage);

}  // namespace agewise::app
