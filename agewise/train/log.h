// log.jsonl: a line of JSON an epoch.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "agewise/recipe/recipe.h"

namespace agewise::train {

// Of one part of the data in one epoch. Of a picture whose age is known as a range each class that the range touches is
// right, and the error is the distance of the estimate to the range, 0 inside.
struct PartScores {
  double loss = 0;      // mean over the pictures
  double accuracy = 0;  // share of pictures in the right class, 0 … 1
  double mae = 0;       // years
};

struct EpochRecord {
  int epoch = 0;                                // from 1
  PartScores train;                             // as seen while training: with dropout, on weights that move
  PartScores validation;                        // of the weights after the epoch (of their average, if there is one)
  std::vector<PartScores> validation_by_store;  // where there are several, in their order; NaN: nothing to validate on
  double epsilon_error = 0;      // of the validation part; NaN where not every picture has a known deviation
  double learning_rate = 0;      // of the epoch's last step
  double seconds = 0;            // training and validating
  double images_per_second = 0;  // while training; NaN where a run was resumed after the epoch's last step
  double wait_seconds = 0;       // of the training time, in which the network had no pictures
  int processes = 1;             // that trained together (together.h)
  double exchange_seconds = 0;   // how much of the training time the first of them waited for the others
  double seconds_left = 0;       // until the last epoch, at the pace of this one; NaN where that is not known
  bool best = false;             // better than all epochs before
};

// The last one that is marked as the best; 0: none.
int best_epoch(std::span<const EpochRecord> epochs);

// Whether a run is at its end that has trained `epoch` epochs, the best of which is `best_epoch` (0: none yet).
bool is_at_end(const recipe::TrainRecipe& recipe, int epoch, int best_epoch);

// As a JSON object without a newline.
std::string to_line(const EpochRecord& record);

// Appends in one write, so that a kill leaves whole lines, each with a checksum (base/sealed.h); creates the file.
void append_to_log(const std::filesystem::path& file, const EpochRecord& record);

// A line cut short by a crash is passed over; an absent file is empty. Throws Error naming the line for anything else,
// a flipped byte among it.
std::vector<EpochRecord> read_log(const std::filesystem::path& file);

// Drops the lines of epochs after `epoch`: those that a resumed run does again.
void cut_log(const std::filesystem::path& file, int epoch);

}  // namespace agewise::train
