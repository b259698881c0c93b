// What computes a graph. Engines: reference (plain loops, the tests' oracle) and cpu (agewise/nn/cpu/, the fast one).
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "agewise/nn/graph.h"

namespace agewise::nn {

enum class Mode {
  train,  // dropout drops, normalisation uses the batch's statistics, backward is available
  infer,  // dropout passes through, normalisation uses the running statistics
};

// What dropout's choices depend on: (seed, epoch, sample), never on thread or place in the batch.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::span<const std::uint32_t> samples;  // one a row of the batch
};

// Optimisers: what becomes of a weight w with gradient g at a learning rate of `rate`. Buffers start at 0.
namespace optimiser {
// v = momentum · v + g; w -= rate · v (PyTorch's).
struct Sgd {
  double momentum = 0.9;
};
// s = alpha · s + (1 - alpha) · g²; w -= rate · g / (√s + epsilon) (Chainer's and PyTorch's).
struct RmsProp {
  double alpha = 0.9, epsilon = 1e-8;
};
// Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
struct AdamW {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};
}  // namespace optimiser

// How an update changes the parameters. Each has a rate of its own, rate × its lr_multiplier; those that are not
// trained or whose factor is 0 stay as they are (ParameterInfo in nn/graph.h says which).
struct UpdateRule {
  std::variant<optimiser::Sgd, optimiser::RmsProp, optimiser::AdamW> kind;
  // Of `decayed` parameters: Sgd and RmsProp add weight_decay · w to g; AdamW takes rate · weight_decay · w from w.
  double weight_decay = 0;
  // After the step, of all parameters and running statistics: average = decay · average + (1 - decay) · parameters.
  double ema_decay = 0;  // 0: no average is kept
};

// Sums gradients over processes that train one network together, each on its rows of a batch. nn/ has none: a program
// that runs on several machines brings its own, over MPI for example. All calls come from the thread that calls
// backward() and update().
//
// Gradients come in buckets: adjoining runs of the engine's gradients, in its native layout, in host memory. Two
// processes may sum them element by element if they compiled the same graph for the same number of rows with engines of
// one name that chose the same kernels(): then buckets are equal in number, order, length and layout. All processes end
// up with equal bits, and so with equal parameters, if each element's sum is added up in an order that depends on
// nothing but the number of processes.
class GradientReducer {
 public:
  virtual ~GradientReducer() = default;

  // In backward(), as soon as a bucket is complete and while the layers before it are still to be computed: 0, 1, 2, …
  // from the last layer to the first, in the same order on all processes and in each step. May return at once and go on
  // in the background: the engine leaves `gradients` alone until wait(bucket) has returned.
  virtual void start(int bucket, std::span<float> gradients) = 0;

  // Returns when the bucket holds the sum over all processes. Once for each start(), in the same order: in update(), or
  // before it whenever gradients are read or computed anew, or the executable goes.
  virtual void wait(int bucket) = 0;

  // Adds up `values` over all processes at once: statistics, with Training::sync_batch_norm, in forward() and
  // backward().
  virtual void sum(std::span<double> values) = 0;
};

// What an executable that trains is compiled with.
struct Training {
  std::optional<UpdateRule> rule;      // none: forward and backward only
  GradientReducer* reducer = nullptr;  // null: this process is alone; must outlive the executable
  // With a reducer: a bucket is complete when it has at least so many bytes, and with the first layer that learns.
  std::size_t bucket_bytes = std::size_t{4} << 20;
  // With a reducer: batches are normalised by the statistics of all processes' rows together, as one process with the
  // whole batch would, and as PyTorch's SyncBatchNorm; else each process normalises its own rows by their own.
  bool sync_batch_norm = false;
};

// The arrays that an executable for training keeps, each as long as all parameters.
enum class Array {
  parameters,     // running statistics among them
  gradients,      // of what is not trained: 0
  average,        // of the parameters
  first_buffer,   // Sgd: velocity; RmsProp: mean square; AdamW: mean
  second_buffer,  // AdamW: mean square
};

// A graph compiled for one batch size and mode: all memory allocated, all kernels chosen. Movable through its pointer;
// one thread uses it at a time.
class Executable {
 public:
  virtual ~Executable() = default;

  // batch × shape of that input or output layer, plain N × C × H × W floats. Stay valid as long as the Executable.
  virtual std::span<float> input(int index = 0) = 0;
  virtual std::span<const float> output(int index = 0) = 0;

  // All parameters in canonical layout (nn/graph.h), to be given before the first forward(). For inference an engine
  // keeps of them only what its kernels need: folded, transformed, at lower precision.
  virtual void set_parameters(std::span<const float> plain) = 0;
  // The same for parameters that nobody needs afterwards: an engine may give their memory back while it takes them, so
  // that those of VGG-16 never lie there twice. What `plain` then holds is not said.
  virtual void take_parameters(std::span<float> plain) { set_parameters(plain); }

  // Train: `key` drives dropout; running statistics move unless `update_statistics` is false. Infer: both are ignored.
  // Throws std::invalid_argument if layers drop and `key` has not one sample a row of the batch.
  virtual void forward(const DropoutKey& key = {}, bool update_statistics = true) = 0;

  virtual std::size_t memory_bytes() const = 0;  // arena and all arrays
  // One line a layer: the kernel chosen ("conv1: jit:avx512_core forward …"); tests look for slow fallbacks in it.
  virtual std::vector<std::string> kernels() const = 0;

  // From here on: train only; compiled for inference they throw std::logic_error.
  //
  // A step is forward(), writing output_gradient(), backward(), update(). Parameters, gradients and the optimiser's
  // state stay where the engine wants them, in its native layout; the same calls give the same bits. With a reducer
  // gradients are sums over processes: a loss that is a mean over the whole batch divides by all of its rows, not only
  // by those of this process. Without sync_batch_norm running statistics are each process's own.

  // To be written before each backward(), which may use it as scratch.
  virtual std::span<float> output_gradient(int index = 0) = 0;
  // Computes the gradients from output_gradient(): overwrites, does not add.
  virtual void backward() = 0;
  // One update by Training::rule from the gradients of the last backward(). Throws std::logic_error without a rule, or
  // if there is a reducer and no backward() since the last update. What the reducer throws goes through; the parameters
  // are then neither here nor there and have to be set again.
  virtual void update(double rate) = 0;

  // Copies in canonical layout, for checkpoints and tests: what one engine gives another takes. set() is not for
  // gradients; for parameters it is set_parameters(), which leaves the other arrays alone. All but the parameters are 0
  // at first. Throws std::logic_error for an array that the rule does not keep, std::invalid_argument for another
  // length.
  virtual void get(Array array, std::span<float> plain) = 0;
  virtual void set(Array array, std::span<const float> plain) = 0;
  // How many updates there have been: AdamW's correction depends on it.
  virtual std::int64_t updates() const = 0;
  virtual void set_updates(std::int64_t count) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // `training` is for Mode::train.
  virtual std::unique_ptr<Executable> compile(const Graph& graph, int batch, Mode mode,
                                              const Training& training = {}) = 0;
  virtual std::string name() const = 0;  // "reference", "cpu avx512_core, 2 threads"
};

std::unique_ptr<Engine> make_reference_engine();

}  // namespace agewise::nn
