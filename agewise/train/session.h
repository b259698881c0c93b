// A run begun or continued, as `agewise train` and programs that train from code do it.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agewise/base/files.h"
#include "agewise/estimate/model.h"
#include "agewise/store/stores.h"
#include "agewise/train/multirun.h"
#include "agewise/train/train.h"

namespace agewise::train {

struct TrainRequest {
  std::filesystem::path run;
  std::vector<std::filesystem::path> data;  // stores; empty: those that the run was begun on
  std::string recipe;                       // a built-in name or a file; empty: the run's (`resume`) or the store's
  std::vector<std::string> assignments;     // "train.epochs=30"
  bool resume = false;                      // the run must be there, and goes on by its own recipe
  std::filesystem::path from, teacher;      // model files or runs, or empty
  std::optional<MultirunShape> multirun;    // nothing: one network
  bool keep_model_only = false;             // keep.h, at the end
  recipe::Notice notice;                    // of keys with old names
};

// Whether there is a run to be continued. The request that began it continues it; `resume` insists on there being one.
bool continues(const TrainRequest& request);

// At least one. Throws UsageError where nothing says what to train on, or where one is named twice.
std::vector<store::Store> stores_for(const TrainRequest& request);

// What the request wants, or else what the run is that it continues.
std::optional<MultirunShape> shape_for(const TrainRequest& request);

// As recipe_on_stores().
recipe::Recipe recipe_for(const TrainRequest& request, const store::Stores& stores);

// What became of one network, or of each of a multirun.
struct SessionResult {
  TrainResult one;
  std::vector<MultirunResult> several;
};

// A run that is ready to be trained, and locked: nobody else writes into it meanwhile.
class Session {
 public:
  // Checks everything that can be wrong before it makes the run's folder. Throws Error and UsageError. Of several
  // processes the first does, and tells the others, who open the same stores; several networks are the work of one
  // process.
  explicit Session(const TrainRequest& request, base::Communicator& communicator = base::alone());

  store::Stores stores() const { return store::Stores(stores_); }
  const recipe::Recipe& recipe() const { return recipe_; }
  const RunFolder& run() const { return run_; }
  bool has_several() const { return train::has_several(multirun_); }

  // Trains to the end, with the other processes; once. `threads` decode and augment pictures. Throws as train() and
  // train_multirun() do.
  SessionResult train(nn::Engine& engine, int threads, const TrainHooks& hooks,
                      const std::function<void(const std::string&)>& begins = {});

 private:
  base::Communicator& communicator_;
  std::vector<store::Store> stores_;
  recipe::Recipe recipe_;
  std::optional<estimate::Model> from_, teacher_;
  RunFolder run_;
  std::optional<base::FileLock> lock_;
  std::optional<MultirunShape> multirun_;
  bool keep_model_only_;
};

}  // namespace agewise::train
