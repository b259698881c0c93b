// [predict] after training: how an age is made of what the network gives may be changed for a model that is finished.
#pragma once
#include <string>
#include <vector>

#include "agewise/estimate/model.h"

namespace agewise::estimate {

// What the model is for then: estimates of pictures; or measuring, which may also be done with dropout and the batch's
// own statistics, as the article did.
enum class SettingsUse { estimates, evaluation };

struct SettingsChange {
  std::string text;     // "predict.flip = false, not true", of all that are not as before; empty: all are
  std::string warning;  // a sentence; empty where nothing of the model is lost
};

// Applies "predict.KEY=VALUE", several. Intervals hold for estimates that are made as those they were calibrated on:
// where predict.point_estimate or predict.flip changes, they go, and so do the notes "intervals" and "measured". Throws
// UsageError, and then changes nothing: for a key of another table, for one that would do nothing (a point estimate
// where the network gives years, dropout and batch statistics for anything but evaluation), and for those two together
// with predict.flip.
SettingsChange change_settings(Model& model, const std::vector<std::string>& assignments, SettingsUse use,
                               const recipe::Notice& notice = {});

}  // namespace agewise::estimate
