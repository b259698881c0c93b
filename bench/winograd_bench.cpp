// Our own Winograd convolution beside oneDNN's kernels, on the 3 × 3 layers of VGG-16 and of
// recipes/networks/resnet10.toml, as a training step runs them: with the weights' transform. `direct_GFLOP/s` is the
// direct convolution's count of operations by the time, whatever the kernel. Two threads; WINOGRAD_BENCH_THREADS=N
// changes that, ONEDNN_MAX_CPU_ISA=AVX2 the instruction set of all. With one thread its own time counts, so that
// neighbours on the machine disturb little.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <cstdlib>
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <string>

#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/nn/cpu/kernels/thin_kernels.h"
#include "agewise/nn/cpu/kernels/winograd.h"

namespace agewise::nn::cpu {
namespace {

using Memory = dnnl::memory;
using Tag = Memory::format_tag;
constexpr auto kFloat = Memory::data_type::f32;

struct Layer {
  const char* name;
  int in, out, size;
};
constexpr Layer kLayers[]{{"vgg16_1_2", 64, 64, 224},   {"vgg16_2_1", 64, 128, 112}, {"vgg16_2_2", 128, 128, 112},
                          {"vgg16_3_1", 128, 256, 56},  {"vgg16_3_2", 256, 256, 56}, {"vgg16_4_1", 256, 512, 28},
                          {"vgg16_4_2", 512, 512, 28},  {"vgg16_5_1", 512, 512, 14}, {"resnet10_1a", 64, 64, 14},
                          {"resnet10_3a", 128, 128, 7}, {"resnet10_5a", 256, 256, 3}};

int threads() {
  const char* text = std::getenv("WINOGRAD_BENCH_THREADS");
  return text == nullptr ? 2 : std::max(1, std::atoi(text));
}

float* data(const Memory& memory) { return static_cast<float*>(memory.get_data_handle()); }

// A layer and its operands.
class Convolution {
 public:
  Convolution(const Layer& layer, int batch)
      : shape_{batch, {layer.in, layer.size, layer.size}, {layer.out, layer.size, layer.size}, {1, 1, 1, 1}},
        wide_(vector_floats() == 16),
        in_(filled({{batch, layer.in, layer.size, layer.size}, kFloat, wide_ ? Tag::nChw16c : Tag::nChw8c})),
        out_(filled({{batch, layer.out, layer.size, layer.size}, kFloat, wide_ ? Tag::nChw16c : Tag::nChw8c})),
        weights_(filled({{layer.out, layer.in, 3, 3}, kFloat, wide_ ? Tag::OIhw16i16o : Tag::OIhw8i8o})),
        bias_(filled({{layer.out}, kFloat, Tag::a})) {}

  double operations() const {
    return 2.0 * 9 * shape_.batch * shape_.in.channels * static_cast<double>(shape_.out.size());
  }

  // Each returns what runs the pass once.
  std::function<void()> own(WinogradPass pass) {
    points_ = plain(winograd_weight_floats(shape_));
    scratch_ = plain(winograd_scratch_floats(shape_, pass, threads()));
    return [this, pass] {
      if (pass == WinogradPass::backward_weights) {
        winograd_backward_weights(shape_, data(in_), data(out_), data(weights_), data(bias_), data(scratch_),
                                  threads());
        return;
      }
      winograd_transform_weights(shape_, pass, data(weights_), data(points_), threads());
      if (pass == WinogradPass::forward) {
        winograd_forward(shape_, data(in_), data(points_), {data(bias_)}, data(out_), data(scratch_), threads());
      } else {
        winograd_backward_data(shape_, data(out_), data(points_), data(in_), data(scratch_), threads());
      }
    };
  }

  // Empty: oneDNN has no such kernel here.
  std::function<void()> onednn(WinogradPass pass, dnnl::algorithm algorithm) {
    try {
      return made(pass, algorithm);
    } catch (const dnnl::error&) {
      return {};
    }
  }

 private:
  Memory filled(const Memory::desc& layout) const {
    Memory memory(layout, engine_);
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < layout.get_size() / sizeof(float); ++i) {
      state = state * 1664525U + 1013904223U;
      data(memory)[i] = static_cast<float>(state >> 8) * 0x1p-24F - 0.5F;
    }
    return memory;
  }
  Memory plain(std::size_t floats) const { return filled({{static_cast<Memory::dim>(floats)}, kFloat, Tag::a}); }

  template <class Primitive, class Description>
  std::function<void()> call(const Description& description, std::unordered_map<int, Memory> arguments) {
    return [this, primitive = Primitive(description), arguments = std::move(arguments)] {
      primitive.execute(stream_, arguments);
    };
  }

  std::function<void()> made(WinogradPass pass, dnnl::algorithm algorithm) {
    using dnnl::convolution_backward_data, dnnl::convolution_backward_weights, dnnl::convolution_forward;
    const Memory::dims ones{1, 1};
    const Memory::desc in = in_.get_desc(), out = out_.get_desc(), bias = bias_.get_desc(),
                       any(weights_.get_desc().dims(), kFloat, Tag::any);
    convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm, in, any, bias, out, ones, ones, ones}, engine_);
    if (pass == WinogradPass::forward) {
      return call<convolution_forward>(forward, {{DNNL_ARG_SRC, in_},
                                                 {DNNL_ARG_WEIGHTS, filled(forward.weights_desc())},
                                                 {DNNL_ARG_BIAS, bias_},
                                                 {DNNL_ARG_DST, out_}});
    }
    if (pass == WinogradPass::backward_data) {
      convolution_backward_data::primitive_desc back({algorithm, in, any, out, ones, ones, ones}, engine_, forward);
      return call<convolution_backward_data>(
          back, {{DNNL_ARG_DIFF_DST, out_}, {DNNL_ARG_WEIGHTS, filled(back.weights_desc())}, {DNNL_ARG_DIFF_SRC, in_}});
    }
    convolution_backward_weights::primitive_desc back({algorithm, in, any, bias, out, ones, ones, ones}, engine_,
                                                      forward);
    return call<convolution_backward_weights>(back, {{DNNL_ARG_SRC, in_},
                                                     {DNNL_ARG_DIFF_DST, out_},
                                                     {DNNL_ARG_DIFF_WEIGHTS, filled(back.diff_weights_desc())},
                                                     {DNNL_ARG_DIFF_BIAS, bias_}});
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  WinogradShape shape_;
  bool wide_;
  Memory in_, out_, weights_, bias_, points_, scratch_;
};

void measure(benchmark::State& state, const Layer& layer, int batch, WinogradPass pass,
             std::optional<dnnl::algorithm> onednn) {
  Convolution convolution(layer, batch);
  std::function<void()> run = onednn ? convolution.onednn(pass, *onednn) : convolution.own(pass);
  if (!run) return state.SkipWithError("oneDNN has no such kernel here");
  run();
  for (auto _ : state) run();
  state.counters["direct_GFLOP/s"] =
      benchmark::Counter(convolution.operations() / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

void register_all() {
  const std::pair<const char*, WinogradPass> passes[]{{"forward", WinogradPass::forward},
                                                      {"backward_data", WinogradPass::backward_data},
                                                      {"backward_weights", WinogradPass::backward_weights}};
  const std::pair<const char*, std::optional<dnnl::algorithm>> kernels[]{
      {"own", std::nullopt},
      {"onednn_direct", dnnl::algorithm::convolution_direct},
      {"onednn_winograd", dnnl::algorithm::convolution_winograd}};
  for (const Layer& layer : kLayers) {
    for (int batch : {1, 8}) {
      for (auto [pass_name, pass] : passes) {
        for (auto [kernel_name, kernel] : kernels) {
          std::string name =
              std::string(layer.name) + "/" + std::to_string(batch) + "/" + pass_name + "/" + kernel_name;
          auto* registered = benchmark::RegisterBenchmark(name.c_str(), measure, layer, batch, pass, kernel);
          registered->Unit(benchmark::kMillisecond);
          if (threads() > 1) registered->UseRealTime();
        }
      }
    }
  }
}

}  // namespace
}  // namespace agewise::nn::cpu

int main(int argc, char** argv) {
  omp_set_num_threads(agewise::nn::cpu::threads());
  agewise::nn::make_cpu_engine({agewise::nn::cpu::threads()});  // the same instruction set for all
  agewise::nn::cpu::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
