// The mean of the weights of networks that were fine-tuned from the same one.
#pragma once
#include <filesystem>
#include <span>

#include "agewise/estimate/model.h"

namespace agewise::estimate {

// Makes each weight of `model`, and each running statistic, `share` of its own and 1 - share of the mean of the other
// models'. A network averaged with the one that it was fine-tuned from keeps more of what that one knew (Wortsman et
// al., Robust fine-tuning of zero-shot models, CVPR 2022, section 3; `share` is their α), and several fine-tuned from
// one are together often better than each (the same, Model soups, ICML 2022). Networks that were trained apart have no
// such mean: what comes of them is useless, and only measuring shows it.
//
// All else stays as it is, but for the intervals and the notes "intervals" and "measured", which go; the note "averaged
// with" names the others' files and their share, and the notes "licence" and "not for" hold what the others' say, too.
// One of the others is in memory at a time. Throws Error as read_model() does; UsageError naming the other's file if it
// is an ensemble or whitens, if its parameters have other names or shapes, or its classes, its pixels (mean, scale,
// order of the channels) or the part of the face that it sees are others; and UsageError without a file if `model`
// itself is an ensemble or whitens, or `share` is not between 0 and 1.
void average_weights(Model& model, std::span<const std::filesystem::path> others, double share);

}  // namespace agewise::estimate
