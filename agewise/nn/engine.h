// What computes a graph. Engines: reference (plain loops, the tests' oracle) and cpu (agewise/nn/cpu/, the fast one).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
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

// A graph compiled for one batch size and mode: all memory allocated, all kernels chosen. Movable through its pointer;
// one thread uses it at a time.
class Executable {
 public:
  virtual ~Executable() = default;

  // batch × shape of that input or output layer, plain N × C × H × W floats. Stay valid as long as the Executable.
  virtual std::span<float> input(int index = 0) = 0;
  virtual std::span<const float> output(int index = 0) = 0;
  // Train only; to be written before each backward(), which may use it as scratch.
  virtual std::span<float> output_gradient(int index = 0) = 0;

  // All parameters in plain layout (nn/graph.h), to be given before the first forward(). For inference an engine keeps
  // of them only what its kernels need: folded, transformed, at lower precision.
  virtual void set_parameters(std::span<const float> plain) = 0;
  // The same for parameters that nobody needs afterwards: an engine may give their memory back while it takes them, so
  // that those of VGG-16 never lie there twice. What `plain` then holds is not said.
  virtual void take_parameters(std::span<float> plain) { set_parameters(plain); }

  // From here to from_plain(): train only. Parameters with running statistics, and gradients, in the engine's own
  // layout, one flat buffer each of equal size; padding, if any, is and stays 0. An element-wise optimiser walks them
  // as they are. Gradients of what is not trained are 0. `blocks()` says which parameter lies where.
  virtual std::span<float> parameters() = 0;
  virtual std::span<float> gradients() = 0;
  struct Block {
    std::size_t offset, size;  // in floats
    int parameter;             // index into parameters_of(graph)
  };
  virtual const std::vector<Block>& blocks() const = 0;

  // Any buffer in the engine's layout (parameters, gradients, an optimiser's state) to plain layout and back.
  virtual void to_plain(std::span<const float> own, std::span<float> plain) const = 0;
  virtual void from_plain(std::span<const float> plain, std::span<float> own) const = 0;

  // Train: `key` drives dropout; running statistics move unless `update_statistics` is false. Infer: both are ignored.
  // Throws std::invalid_argument if layers drop and `key` has not one sample a row of the batch.
  virtual void forward(const DropoutKey& key = {}, bool update_statistics = true) = 0;
  // Fills gradients() from output_gradient(): overwrites, does not add.
  virtual void backward() = 0;

  virtual std::size_t memory_bytes() const = 0;  // arena, parameters and gradients
  // One line a layer: the kernel chosen ("conv1: jit:avx512_core forward …"); tests look for slow fallbacks in it.
  virtual std::vector<std::string> kernels() const = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<Executable> compile(const Graph& graph, int batch, Mode mode) = 0;
  virtual std::string name() const = 0;  // "reference", "cpu avx512_core, 2 threads"
};

std::unique_ptr<Engine> make_reference_engine();

}  // namespace agewise::nn
