// A run's log as text and JSON.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agewise/train/log.h"

namespace agewise::app {

// One line of the table that `train` shows; with the head and its rule above it for the first one.
std::string epoch_line(const train::EpochRecord& record, bool with_head);

nlohmann::ordered_json to_json(const std::vector<train::EpochRecord>& log);

}  // namespace agewise::app
