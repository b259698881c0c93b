// Every kind of layer alone, forward as in estimating, and forward and backward as in training, from plain pictures to
// plain outputs: the change of layout at both ends, which a whole network pays once, is in the figures. Batch 16, two
// threads; LAYER_BENCH_THREADS=N changes that, ONEDNN_MAX_CPU_ISA=AVX2 the instruction set. items_per_second counts
// the output's numbers.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <string>

#include "agewise/base/random.h"
#include "agewise/nn/build.h"
#include "agewise/nn/cpu/cpu_engine.h"

namespace agewise {
namespace {

constexpr int kBatch = 16;

struct Case {
  const char* name;
  int channels, size;  // of the input
  const char* layers;  // TOML: [[network.layers]] of one key = value a line; "|" begins the next layer
};
constexpr Case kCases[]{
    {"convolution_3x3", 64, 56, "kind = 'convolution'\nchannels = 64\nkernel = 3\npad = 1"},
    {"convolution_3x3_stride_2", 64, 56, "kind = 'convolution'\nchannels = 128\nkernel = 3\nstride = 2\npad = 1"},
    {"convolution_1x1", 64, 56, "kind = 'convolution'\nchannels = 64\nkernel = 1"},
    {"convolution_7x7_of_colours", 3, 112, "kind = 'convolution'\nchannels = 64\nkernel = 7\nstride = 2"},
    {"convolution_depthwise", 64, 56, "kind = 'convolution'\nchannels = 64\nkernel = 3\npad = 1\ngroups = 64"},
    {"fused_stem", 1, 128,
     "kind = 'convolution'\nchannels = 32\nkernel = 3|kind = 'batch-norm'|kind = 'relu'|kind = 'max-pool'\nkernel = 2"},
    {"batch_norm", 64, 56, "kind = 'batch-norm'"},
    {"batch_norm_relu", 64, 56, "kind = 'batch-norm'|kind = 'relu'"},
    {"relu", 64, 56, "kind = 'relu'"},
    {"prelu", 64, 56, "kind = 'prelu'"},
    {"sigmoid", 64, 56, "kind = 'sigmoid'"},
    {"tanh", 64, 56, "kind = 'tanh'"},
    {"scale", 64, 56, "kind = 'scale'"},
    {"max_pool", 64, 56, "kind = 'max-pool'\nkernel = 2"},
    {"average_pool", 64, 56, "kind = 'average-pool'\nkernel = 2"},
    {"global_average_pool", 64, 56, "kind = 'global-average-pool'"},
    {"dropout", 64, 56, "kind = 'dropout'\nrate = 0.5"},
    {"fully_connected", 256, 7, "kind = 'fully-connected'\noutputs = 1024"},
    {"add", 64, 56, "kind = 'relu'\nname = 'a'|kind = 'add'\nfrom = ['input', 'a']"},
    {"multiply", 64, 56, "kind = 'relu'\nname = 'a'|kind = 'multiply'\nfrom = ['input', 'a']"},
    {"subtract", 64, 56, "kind = 'relu'\nname = 'a'|kind = 'subtract'\nfrom = ['input', 'a']"},
    {"divide", 64, 56, "kind = 'sigmoid'\nname = 'a'|kind = 'divide'\nfrom = ['input', 'a']"},
    {"concat", 64, 56, "kind = 'relu'\nname = 'a'|kind = 'concat'\nfrom = ['input', 'a']"},
    {"pad", 64, 56, "kind = 'pad'\nchannels = 64\nbottom = 1\nright = 1"},
    {"upsample", 64, 28, "kind = 'upsample'\nfactor = 2"},
    {"reshape", 64, 56, "kind = 'reshape'\nshape = [16, 112, 112]"},
    {"transpose", 64, 56, "kind = 'transpose'\norder = [1, 2, 0]"},
    {"softmax", 101, 1, "kind = 'softmax'"},
};

nn::Graph graph_of(const Case& test) {
  std::string text = "[[network.layers]]\n" + std::string(test.layers);
  for (std::size_t at; (at = text.find('|')) != std::string::npos;) text.replace(at, 1, "\n[[network.layers]]\n");
  return nn::build_graph(recipe::parse_recipe(text, test.name).network, test.channels, test.size, 101);
}

nn::Engine& engine() {
  static nn::TuningCache cache;
  static auto made = [] {
    const char* threads = std::getenv("LAYER_BENCH_THREADS");
    return nn::make_cpu_engine(
        {threads == nullptr ? 2 : std::max(1, std::atoi(threads)), nn::Isa::best, true, &cache, [] {
           auto now = std::chrono::steady_clock::now().time_since_epoch();
           return std::chrono::duration<double>(now).count();
         }});
  }();
  return *made;
}

void fill(std::span<float> values) {
  base::Random random(1, base::Purpose::test);
  for (float& value : values) value = static_cast<float>(random.uniform());
}

void run(benchmark::State& state, const Case& test, nn::Mode mode) {
  nn::Graph graph = graph_of(test);
  std::unique_ptr<nn::Executable> network = engine().compile(graph, kBatch, mode);
  network->set_parameters(nn::initial_parameters(graph, 1));
  fill(network->input());
  std::vector<std::uint32_t> samples(kBatch);
  std::iota(samples.begin(), samples.end(), 0U);
  std::vector<float> gradient(mode == nn::Mode::train ? network->output_gradient().size() : 0);
  fill(gradient);
  for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores): the benchmark library's way
    network->forward({1, 0, samples});
    if (mode == nn::Mode::infer) continue;
    std::copy(gradient.begin(), gradient.end(), network->output_gradient().begin());
    network->backward();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(network->output().size()));
  std::vector<std::string> kernels = network->kernels();
  if (!kernels.empty()) state.SetLabel(kernels.front());
}

}  // namespace
}  // namespace agewise

int main(int argc, char** argv) {
  using namespace agewise;
  for (const Case& test : kCases) {
    benchmark::RegisterBenchmark((std::string(test.name) + "/infer").c_str(), run, test, nn::Mode::infer)
        ->UseRealTime();
    benchmark::RegisterBenchmark((std::string(test.name) + "/train").c_str(), run, test, nn::Mode::train)
        ->UseRealTime();
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
