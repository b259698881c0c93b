// Names that were replaced. What was written down before with the old ones, recipes, --set, run folders, logs, is still
// read; nothing is written with them any more. The only place where an old name stands.
#pragma once
#include <array>
#include <string_view>

namespace agewise::recipe {

struct Renamed {
  std::string_view old_name, name;
};

// Keys of a recipe, table.key.
inline constexpr std::array kRenamedKeys = std::to_array<Renamed>({
    {"train.teacher_weight", "train.distillation_weight"},
    {"train.rate", "train.learning_rate"},
    {"train.average", "train.ema_decay"},
    {"train.select", "train.monitor"},
    {"network.view", "network.center_crop"},
    {"train.prediction", "predict.point_estimate"},
    {"train.mirror_test", "predict.flip"},
    {"train.test_dropout", "predict.dropout"},
    {"train.test_batch_statistics", "predict.batch_statistics"},
});

// Keys of a [[network.layers]] table.
inline constexpr std::array kRenamedLayerKeys = std::to_array<Renamed>({
    {"rate_factor", "lr_multiplier"},
    {"bias_rate_factor", "bias_lr_multiplier"},
});

// Fields of log.jsonl.
inline constexpr std::array kRenamedLogFields = std::to_array<Renamed>({
    {"rate", "learning_rate"},
});

// Files of a run folder.
inline constexpr std::array kRenamedRunFiles = std::to_array<Renamed>({
    {"taught.f32", "soft-targets.f32"},
    {"series.json", "multirun.json"},
});

}  // namespace agewise::recipe
