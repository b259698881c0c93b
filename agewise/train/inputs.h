// Pictures of stores as network inputs. Whitened ones are made once and live in a mapped file of the run; others are
// read from the store, decoded and augmented whenever a batch needs them, which costs no second copy on disk and
// little time.
#pragma once
#include "agewise/base/progress.h"
#include "agewise/store/stores.h"
#include "agewise/train/batches.h"
#include "agewise/train/examples.h"
#include "agewise/train/run_folder.h"

namespace agewise::train {

// Floats of one picture at the network's input.
std::size_t input_size(const recipe::Recipe& recipe);

// Not whitened: pixels, in an epoch as the recipe's [augment] changes them, with mean, scale and channel order applied.
// The stores and `faces`, which are theirs, must outlive it.
InputSource inputs_from_stores(const recipe::Recipe& recipe, const store::Stores& stores,
                               const std::vector<store::FaceRecord>& faces);

struct WhitenedInputs {
  InputSource source;   // of training and validation pictures
  std::string hash;     // of the transform, RUN/whiten.safetensors: what checkpoints call it by
  int fitted_on = 0;    // training pictures
  bool reused = false;  // nothing had to be made: the files of an earlier start of this run still hold
};

// Fits the transform on at most recipe.whiten.samples training pictures, drawn by the seed, and whitens training and
// validation pictures into RUN/faces.f32; what of that is there already is used. Memory while fitting: see
// whiten/zca.h. Throws Error if the disk is too small, Interrupted on `stop`.
WhitenedInputs whitened_inputs(const RunFolder& run, const recipe::Recipe& recipe, const store::Stores& stores,
                               const Examples& examples, const base::StopFlag& stop,
                               const base::ProgressSink& progress);

// Bytes of RUN/faces.f32.
std::uint64_t whitened_file_size(const recipe::Recipe& recipe, const Examples& examples);

}  // namespace agewise::train
