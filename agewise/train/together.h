// One network trained by several processes: each computes the gradient of its share of a batch, and all of them make
// the same update from the sum.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agewise/base/communicator.h"
#include "agewise/base/progress.h"
#include "agewise/estimate/model.h"
#include "agewise/nn/cpu/tuning_cache.h"
#include "agewise/nn/engine.h"
#include "agewise/store/stores.h"
#include "agewise/train/checkpoint.h"

namespace agewise::train {

// Of a batch: all processes compute equally many rows, process k those from k · rows on. Where that is beyond the
// batch, as for the last of 3 processes with 128 rows between them, rows are repeated that are not `own`: they weigh
// nothing.
struct Share {
  std::size_t first = 0, rows = 0;
  std::size_t own = 0;  // the first so many of `rows`
};

Share share_of(std::size_t batch, const base::Communicator& communicator);

// Throws UsageError if the recipe cannot be trained by so many processes: a synchronised normalisation knows no rows
// that weigh nothing.
void check_share(const recipe::TrainRecipe& recipe, const base::Communicator& communicator);

// Sums an engine's gradients, and knows how long that was waited for. With Exchange::bfloat16 each gradient is rounded
// before it is sent, and each sum of two.
class SumOverProcesses : public nn::GradientReducer {
 public:
  SumOverProcesses(base::Communicator& communicator, recipe::Exchange exchange, base::Clock clock)
      : communicator_(communicator), exchange_(exchange), clock_(std::move(clock)) {}

  void start(int bucket, std::span<float> gradients) override;
  void wait(int bucket) override;
  void sum(std::span<double> values) override;
  double seconds_waited() const { return waited_; }

 private:
  template <class Call>
  void timed(Call call);

  // Of a bucket that is under way.
  struct Rounded {
    std::span<float> gradients;
    std::vector<base::Bfloat16> values;
  };

  base::Communicator& communicator_;
  recipe::Exchange exchange_;
  std::vector<Rounded> rounded_;  // by bucket; kept from step to step
  base::Clock clock_;
  double waited_ = 0;
};

// The first process's state, to all.
void broadcast_state(base::Communicator& communicator, TrainState& state);

// Throws UsageError that names the machine if `mine` is not the same on all processes; `what` says of what it tells:
// "the store FILE", and `advice` what to do.
void check_same(base::Communicator& communicator, const std::string& mine, const std::string& what,
                const std::string& advice);
inline constexpr const char* kCopyAnew = "copy it anew, or put it where all machines see it";
void check_same_stores(base::Communicator& communicator, const store::Stores& stores);

// The first process's choices of kernels, to all.
nn::TuningCache broadcast_choices(base::Communicator& communicator, const nn::TuningCache& mine);

// Names all trained parameters, in canonical layout; running statistics, which each process may have of its own, are
// left out.
std::string hash_of_trained(const estimate::Model& model, std::span<const float> weights);

}  // namespace agewise::train
