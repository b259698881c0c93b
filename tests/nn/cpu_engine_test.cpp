// What the fast engine promises beyond conformance: no slow kernels, no allocation in the loop, the same numbers from
// its own kernels as from oneDNN's.
#include "agewise/nn/cpu/cpu_engine.h"

#include <gmock/gmock.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <numeric>

#include "agewise/base/error.h"
#include "agewise/nn/build.h"
#include "agewise/nn/cpu/plan/memory_plan.h"
#include "tests/nn/golden.h"

namespace agewise::nn {
namespace {

using testing::HasSubstr;

Graph network_of(const recipe::Recipe& recipe) {
  int channels = recipe.face.colour == recipe::Colour::rgb ? 3 : 1;
  return build_graph(recipe.network, channels, recipe::input_side(recipe), recipe::classes_of(recipe.classes).count());
}

recipe::LayerRecipe layer_of(const std::string& kind, std::map<std::string, recipe::LayerValue> options = {}) {
  return {kind, "", {}, std::move(options)};
}

// Convolution, normalisation, ReLU and pool of the network's input, maybe dropout, then a fully connected layer.
Graph first_block(int channels, int size, std::int64_t kernel, std::int64_t stride, std::int64_t pad, bool dropout) {
  recipe::NetworkRecipe recipe;
  recipe.layers = {
      layer_of("convolution", {{"channels", std::int64_t{32}}, {"kernel", kernel}, {"stride", stride}, {"pad", pad}}),
      layer_of("batch-norm"), layer_of("relu"), layer_of("max-pool", {{"kernel", std::int64_t{2}}})};
  if (dropout) recipe.layers.push_back(layer_of("dropout", {{"rate", 0.3}}));
  recipe.layers.push_back(layer_of("fully-connected", {{"outputs", std::int64_t{3}}}));
  return build_graph(recipe, channels, size, 3);
}

void fill(Executable& network, const Graph& graph, float scale = 1, float offset = 0) {
  network.set_parameters(golden_parameters(graph));
  std::vector<float> numbers = golden_numbers(3, network.input().size());
  std::transform(numbers.begin(), numbers.end(), network.input().begin(),
                 [&](float number) { return number * scale + offset; });
}

void step(Executable& network, const std::vector<std::uint32_t>& samples) {
  network.forward({5, 1, samples});
  std::vector<float> numbers = golden_numbers(9, network.output_gradient().size());
  std::copy(numbers.begin(), numbers.end(), network.output_gradient().begin());
  network.backward();
}

std::vector<std::uint32_t> samples_of(int batch) {
  std::vector<std::uint32_t> samples(static_cast<std::size_t>(batch));
  std::iota(samples.begin(), samples.end(), 0U);
  return samples;
}

void expect_near(std::span<const float> found, std::span<const float> expected, float share, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  float largest = 0;
  for (float value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], share * largest) << what << " " << i << ", the largest " << largest;
}

// 1e-39 is below what a float's exponent can say: as a weight of a network that is trained it is 0, on all threads, and
// elsewhere what it is.
TEST(CpuEngine, trains_with_denormal_weights_as_zeros_and_leaves_its_threads_as_they_were) {
  recipe::NetworkRecipe recipe;
  recipe.layers = {layer_of("fully-connected", {{"outputs", std::int64_t{1}}, {"bias", false}})};
  Graph graph = build_graph(recipe, 1, 1, 1);
  std::unique_ptr<Engine> engine = make_cpu_engine({.threads = 2});
  for (Mode mode : {Mode::infer, Mode::train}) {
    std::unique_ptr<Executable> network = engine->compile(graph, 2, mode);
    network->set_parameters(std::vector<float>{1e-39F});
    std::ranges::fill(network->input(), 1e20F);
    network->forward({5, 1, samples_of(2)});
    EXPECT_NEAR(network->output()[0], mode == Mode::train ? 0 : 1e-19, 1e-24);
    volatile float tiny = 1e-39F;
    EXPECT_NE(tiny * 0.5F, 0);
  }
}

// The two ways to compute a graph's training step and its output in use.
void expect_equal_ways(const Graph& graph, int batch, float scale, float offset, float share) {
  std::unique_ptr<Engine> fused = make_cpu_engine({2}), single = make_cpu_engine({1, Isa::best, false});
  std::unique_ptr<Executable> one = fused->compile(graph, batch, Mode::train),
                              other = single->compile(graph, batch, Mode::train),
                              one_infer = fused->compile(graph, batch, Mode::infer),
                              other_infer = single->compile(graph, batch, Mode::infer);
  for (Executable* each : {one.get(), other.get()}) {
    fill(*each, graph, scale, offset);
    step(*each, samples_of(batch));
  }
  expect_near(one->output(), other->output(), share, "output");
  expect_near(array_of(*one, Array::parameters, graph), array_of(*other, Array::parameters, graph), share, "parameter");
  std::vector<float> gradients = array_of(*one, Array::gradients, graph),
                     expected = array_of(*other, Array::gradients, graph);
  std::size_t offset_in_plain = 0;
  for (const ParameterInfo& info : parameters_of(graph)) {
    auto size = static_cast<std::size_t>(info.size());
    // What normalisation cancels is rounding noise.
    bool noise = info.layer == 1 && !info.decayed;
    if (!noise) {
      expect_near(std::span(gradients).subspan(offset_in_plain, size),
                  std::span(expected).subspan(offset_in_plain, size), share, info.name);
    }
    offset_in_plain += size;
  }
  for (Executable* each : {one_infer.get(), other_infer.get()}) {
    fill(*each, graph, scale, offset);
    each->forward();
  }
  expect_near(one_infer->output(), other_infer->output(), share, "inferred");
}

TEST(CpuFusedStem, is_what_the_articles_first_block_compiles_to) {
  std::vector<std::string> kernels =
      make_cpu_engine({1})->compile(network_of(recipe::load_recipe("seed")), 2, Mode::train)->kernels();
  EXPECT_THAT(kernels, testing::Contains(HasSubstr("conv1: own convolution, normalisation, ReLU, pool and dropout")));
}

TEST(CpuFusedStem, computes_what_onednns_kernels_compute) {
  for (bool dropout : {false, true}) {
    expect_equal_ways(first_block(1, 33, 3, 2, 1, dropout), 5, 1, 0, 1e-4F);  // odd sizes: a row in no window
    expect_equal_ways(first_block(3, 16, 3, 1, 1, dropout), 3, 1, 0, 1e-4F);  // colour: 27 kernel elements
    expect_equal_ways(first_block(1, 20, 5, 3, 2, dropout), 4, 1, 0, 1e-4F);  // stride 3, 25 kernel elements
    expect_equal_ways(first_block(2, 14, 4, 1, 0, dropout), 1, 1, 0,
                      1e-4F);  // as many kernel elements as may be, one sample
  }
}

// Pixels as the article's scripts had them, 0 … 255 unscaled: statistics must not drown in the square of the mean.
TEST(CpuFusedStem, keeps_its_digits_on_bright_pictures) {
  expect_equal_ways(first_block(1, 32, 3, 2, 1, false), 6, 20, 230, 1e-3F);
}

// Runs slower from call to call: of a kernel's candidates the last looks fastest.
base::Clock slowing_clock() {
  auto time = std::make_shared<double>(0), step = std::make_shared<double>(1);
  return [=] { return *time += *step *= 0.99; };
}

TEST(CpuEngine, estimates_alike_with_weights_in_half_precision) {
  recipe::NetworkRecipe recipe;
  recipe.layers = {layer_of("convolution", {{"channels", std::int64_t{24}}, {"kernel", std::int64_t{5}}}),
                   layer_of("fully-connected", {{"outputs", std::int64_t{70}}}), layer_of("relu"),
                   layer_of("fully-connected", {{"outputs", std::int64_t{5}}})};
  Graph graph = build_graph(recipe, 3, 12, 5);
  TuningCache cache;
  std::unique_ptr<Engine> exact = make_cpu_engine({2}),
                          half = make_cpu_engine({2, Isa::best, true, &cache, slowing_clock()});
  std::unique_ptr<Executable> one = exact->compile(graph, 3, Mode::infer), other = half->compile(graph, 3, Mode::infer);
  EXPECT_THAT(other->kernels(), testing::Contains(HasSubstr("half precision")));
  for (Executable* each : {one.get(), other.get()}) {
    fill(*each, graph);
    each->forward();
  }
  expect_near(other->output(), one->output(), 1e-3F, "output");
}

// 24 × 224 × 224 activations are large enough to go one picture at a time.
TEST(CpuEngine, estimates_large_pictures_as_the_reference_in_the_memory_of_one) {
  recipe::NetworkRecipe recipe;
  recipe.layers = {
      layer_of("convolution", {{"channels", std::int64_t{24}}, {"kernel", std::int64_t{3}}, {"pad", std::int64_t{1}}}),
      layer_of("relu"),
      layer_of("max-pool", {{"kernel", std::int64_t{16}}}),
      layer_of("fully-connected", {{"outputs", std::int64_t{7}}}),
      layer_of("relu"),
      layer_of("fully-connected", {{"outputs", std::int64_t{5}}})};
  Graph graph = build_graph(recipe, 3, 224, 5);
  std::unique_ptr<Engine> engine = make_cpu_engine({2}), reference = make_reference_engine();
  std::unique_ptr<Executable> single = engine->compile(graph, 1, Mode::infer),
                              several = engine->compile(graph, 6, Mode::infer),
                              expected = reference->compile(graph, 6, Mode::infer);
  constexpr std::size_t kPicture = std::size_t{3} * 224 * 224 * sizeof(float);
  EXPECT_LT(several->memory_bytes(), single->memory_bytes() + 7 * kPicture);
  for (Executable* each : {several.get(), expected.get()}) {
    fill(*each, graph);
    each->forward();
  }
  expect_near(several->output(), expected->output(), 1e-5F, "output");
  std::vector<float> given = golden_parameters(graph);
  several->take_parameters(given);
  several->forward();
  expect_near(several->output(), expected->output(), 1e-5F, "output");
}

TEST(CpuEngine, runs_no_plain_loop_of_onednn_for_a_built_in_network) {
  std::unique_ptr<Engine> engine = make_cpu_engine({2});
  std::vector<std::string> names{AGEWISE_SOURCE_DIR "/bench/networks/resnet10.toml"};
  for (const auto& [name, text] : recipe::built_in_recipes()) names.push_back(name);
  for (const std::string& name : names) {
    Graph graph = network_of(recipe::load_recipe(name));
    for (Mode mode : {Mode::train, Mode::infer}) {
      for (const std::string& kernel : engine->compile(graph, 2, mode)->kernels())
        EXPECT_THAT(kernel, testing::Not(HasSubstr(" ref"))) << name << ", " << engine->name();
    }
  }
}

// On AVX2 oneDNN has only its plain loop for the weights of a 1-channel convolution.
TEST(CpuEngine, runs_no_plain_loop_for_grey_input_without_the_fused_block) {
  Graph graph = network_of(recipe::load_recipe("seed"));
  std::unique_ptr<Executable> network = make_cpu_engine({1, Isa::best, false})->compile(graph, 2, Mode::train);
  for (const std::string& kernel : network->kernels()) EXPECT_THAT(kernel, testing::Not(HasSubstr(" ref")));
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// bfloat16 keeps 8 bits of a factor: an error of up to 2^-9 in each, some of which cancel in a sum.
TEST(CpuEngine, multiplies_in_bfloat16_where_it_may_and_the_book_says_so) {
  recipe::NetworkRecipe recipe;
  recipe.layers = {layer_of("convolution", {{"channels", std::int64_t{32}}, {"kernel", std::int64_t{3}}}),
                   layer_of("batch-norm"),
                   layer_of("relu"),
                   layer_of("convolution", {{"channels", std::int64_t{32}}, {"kernel", std::int64_t{3}}}),
                   layer_of("relu"),
                   layer_of("fully-connected", {{"outputs", std::int64_t{3}}})};
  Graph graph = build_graph(recipe, 3, 24, 3);
  double now = 0;
  TuningCache cache;
  CpuOptions options{2, Isa::best, true, &cache, [&] { return now += 1; }, true};
  if (!make_cpu_engine(options)->name().starts_with("cpu AVX-512")) GTEST_SKIP() << "oneDNN needs AVX-512 for it";
  std::unique_ptr<Executable> exact = make_cpu_engine({2})->compile(graph, 4, Mode::infer);
  make_cpu_engine(options)->compile(graph, 4, Mode::infer);
  for (auto& [key, choice] : cache) choice = key.find(": convolution") < key.size() ? "bfloat16" : choice;
  std::unique_ptr<Executable> rough = make_cpu_engine(options)->compile(graph, 4, Mode::infer);
  fill(*exact, graph), fill(*rough, graph);
  exact->forward(), rough->forward();
  EXPECT_NE(std::vector<float>(rough->output().begin(), rough->output().end()),
            std::vector<float>(exact->output().begin(), exact->output().end()));
  expect_near(rough->output(), exact->output(), 0.02F, "output");
}

// Address and thread sanitizers (clang's, as the presets have them) have their own heap, which has its own pages.
#ifdef __has_feature
constexpr bool kSystemHeap = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool kSystemHeap = true;
#endif

// On AVX2 oneDNN's matrix product takes its packing space from the heap at each call: after some steps each thread's
// heap has it at hand.
TEST(CpuEngine, needs_no_further_memory_after_the_first_steps) {
  constexpr int kWarm = 10;
  if (!kSystemHeap) GTEST_SKIP() << "not with a sanitizer's heap";
  Graph graph = network_of(recipe::load_recipe("seed"));
  std::unique_ptr<Executable> network = make_cpu_engine({2})->compile(graph, 16, Mode::train);
  fill(*network, graph);
  std::vector<std::uint32_t> samples = samples_of(16);
  std::vector<float> gradient = golden_numbers(9, network->output_gradient().size());
  std::copy(gradient.begin(), gradient.end(), network->output_gradient().begin());
  auto steps = [&](int count) {
    for (int i = 0; i < count; ++i) {
      network->forward({5, 1, samples});
      network->backward();
    }
  };
  steps(kWarm);
  long faults = page_faults();
  std::size_t heap = mallinfo2().uordblks, mapped = mallinfo2().hblkhd;
  steps(20);
  EXPECT_EQ(page_faults() - faults, 0);
  EXPECT_EQ(mallinfo2().uordblks, heap);
  EXPECT_EQ(mallinfo2().hblkhd, mapped);
}

// 128 samples' convolution outputs alone would be 84 MB, and as much for their gradients.
TEST(CpuEngine, trains_the_articles_network_in_a_quarter_of_what_plain_layers_need) {
  std::unique_ptr<Executable> network =
      make_cpu_engine({2})->compile(network_of(recipe::load_recipe("seed")), 128, Mode::train);
  EXPECT_LT(network->memory_bytes(), 120e6);
}

TEST(CpuEngine, held_still_layers_get_no_gradient) {
  recipe::NetworkRecipe recipe;
  recipe.layers = {
      layer_of("convolution", {{"channels", std::int64_t{16}}, {"kernel", std::int64_t{3}}, {"lr_multiplier", 0.0}}),
      layer_of("relu"), layer_of("fully-connected", {{"outputs", std::int64_t{3}}})};
  Graph graph = build_graph(recipe, 3, 8, 3);
  std::unique_ptr<Executable> network = make_cpu_engine({1})->compile(graph, 2, Mode::train);
  fill(*network, graph);
  step(*network, samples_of(2));
  std::vector<float> gradients = array_of(*network, Array::gradients, graph);
  auto convolution = static_cast<std::ptrdiff_t>(parameters_of(graph)[0].size());
  EXPECT_TRUE(std::all_of(gradients.begin(), gradients.begin() + convolution, [](float g) { return g == 0; }));
  EXPECT_TRUE(std::any_of(gradients.begin() + convolution + 16, gradients.end(), [](float g) { return g != 0; }));
}

TEST(CpuEngine, refuses_what_it_cannot_do) {
  EXPECT_THROW(make_cpu_engine({0}), base::UsageError);
  std::unique_ptr<Engine> engine = make_cpu_engine({1});
  EXPECT_THROW(engine->compile(network_of(recipe::load_recipe("seed")), 0, Mode::infer), base::UsageError);
  std::unique_ptr<Executable> infer = engine->compile(network_of(recipe::load_recipe("seed")), 1, Mode::infer);
  EXPECT_THROW(infer->backward(), std::logic_error);
}

TEST(CpuMemoryPlan, gives_a_place_again_once_its_buffer_is_dead) {
  cpu::MemoryPlan plan;
  int first = plan.add(1000), second = plan.add(640), third = plan.add(1024), always = plan.add(64);
  plan.use(first, 0), plan.use(first, 2);
  plan.use(second, 2), plan.use(second, 3);
  plan.use(third, 3), plan.use(third, 5);
  plan.pin(always);
  plan.place();
  EXPECT_EQ(plan.offset(first), plan.offset(third));  // 0 … 2 and 3 … 5
  EXPECT_EQ(plan.offset(second), 1024U);              // alive with both
  EXPECT_EQ(plan.offset(always), 1024U + 640U);
  EXPECT_EQ(plan.size(), 1024U + 640U + 64U);
}

}  // namespace
}  // namespace agewise::nn
