// agewise bench [NAME…]: how fast this machine trains and estimates with three networks, beside what it could do.
// (agewise bench photographs is in bench_photographs.cpp.)
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "agewise/base/error.h"
#include "agewise/base/random.h"
#include "agewise/nn/build.h"
#include "agewise/nn/cpu/kernels/peak.h"
#include "agewise/nn/loss.h"
#include "agewise/nn/schedule.h"
#include "app/bench_photographs.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/terminal.h"

namespace agewise::app {

std::map<std::string, std::string> bench_network_texts();  // made at build from bench/networks/*.toml

namespace {

struct Case {
  std::string network;
  nn::Mode mode;
  int batch;
  std::string name() const {
    return fmt::format("{}-{}-{}", network, mode == nn::Mode::train ? "train" : "infer", batch);
  }
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"seed", nn::Mode::train, 128},    {"seed", nn::Mode::infer, 1},     {"seed", nn::Mode::infer, 128},
      {"resnet10", nn::Mode::train, 64}, {"resnet10", nn::Mode::infer, 1}, {"resnet10", nn::Mode::infer, 64},
      {"vgg16", nn::Mode::train, 8},     {"vgg16", nn::Mode::infer, 1},    {"vgg16", nn::Mode::infer, 8}};
  return all;
}

struct Result {
  double best = 0, median = 0;  // seconds a step
  double flops = 0;             // of a step
  std::size_t memory = 0;       // bytes of the process at most
  std::vector<std::string> kernels;
};

// Multiply-adds count two. Training adds the gradients of the weights and, but for the first layer, of the input.
double flops_of(const nn::Graph& graph, int batch, nn::Mode mode) {
  double sum = 0;
  for (const nn::Layer& layer : graph.layers) {
    double inputs = 0;
    if (layer.inputs.empty()) continue;
    const nn::Layer& before = graph.layers[static_cast<std::size_t>(layer.inputs[0])];
    if (const auto* c = std::get_if<nn::layer::Convolution>(&layer.kind)) {
      inputs = static_cast<double>(before.shape.channels) / c->groups * c->kernel_height * c->kernel_width;
    } else if (std::holds_alternative<nn::layer::FullyConnected>(layer.kind)) {
      inputs = static_cast<double>(before.shape.size());
    }
    int passes = mode == nn::Mode::infer ? 1 : std::holds_alternative<nn::layer::Input>(before.kind) ? 2 : 3;
    sum += 2.0 * inputs * static_cast<double>(layer.shape.size()) * batch * passes;
  }
  return sum;
}

// Of what follows a reset, where the system knows how to.
void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }
std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoul(line.substr(6)) * 1024;
  }
  return 0;
}

double best_peak(int threads) {
  constexpr std::int64_t kRounds = 4'000'000;
  base::Clock clock = steady_clock();
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    double start = clock(), operations = nn::run_multiply_adds(threads, kRounds);
    best = std::max(best, operations / (clock() - start));
  }
  return best;
}

recipe::Recipe recipe_of(const std::string& network) {
  std::map<std::string, std::string> texts = bench_network_texts();
  auto found = texts.find(network);
  return found == texts.end() ? recipe::load_recipe(network)
                              : recipe::parse_recipe(found->second, "built-in network " + network);
}

void fill_randomly(std::span<float> values) {
  base::Random random(1, base::Purpose::test);
  for (float& value : values) value = static_cast<float>(random.uniform());
}

// Calls step() for `seconds` and at least five times after a first one; the times of all.
std::vector<double> time_steps(double seconds, const base::StopFlag& stop, const std::function<void()>& step) {
  constexpr std::size_t kAtLeast = 5;
  base::Clock clock = steady_clock();
  step();
  std::vector<double> times;
  for (double end = clock() + seconds; times.size() < kAtLeast || clock() < end;) {
    if (stop) throw base::Interrupted("interrupted");
    double start = clock();
    step();
    times.push_back(clock() - start);
  }
  std::sort(times.begin(), times.end());
  return times;
}

Result measure(nn::Engine& engine, const Case& test, double seconds, const base::StopFlag& stop) {
  recipe::Recipe recipe = recipe_of(test.network);
  age::Classes classes = recipe::classes_of(recipe.classes);
  int channels = recipe.face.colour == recipe::Colour::rgb ? 3 : 1;
  nn::Graph graph = nn::build_graph(recipe.network, channels, recipe::input_side(recipe), classes.count());
  reset_peak_memory();
  std::unique_ptr<nn::Executable> network =
      engine.compile(graph, test.batch, test.mode, {.rule = nn::update_rule_of(recipe.train)});
  {
    std::vector<float> parameters = nn::initial_parameters(graph, 1);
    network->take_parameters(parameters);
  }
  fill_randomly(network->input());

  std::vector<std::uint32_t> samples(static_cast<std::size_t>(test.batch));
  std::iota(samples.begin(), samples.end(), 0U);
  std::vector<nn::Target> targets(samples.size(), nn::Target{35, 0});
  std::vector<double> times = time_steps(seconds, stop, [&] {
    if (test.mode == nn::Mode::infer) return network->forward();
    network->forward({1, 0, samples});
    nn::loss_and_gradient(recipe::TrainRecipe{}, classes, network->output(), targets, network->output_gradient());
    network->backward();
    network->update(recipe.train.learning_rate);
  });
  return {times.front(), times[times.size() / 2], flops_of(graph, test.batch, test.mode), peak_memory(),
          network->kernels()};
}

struct Options {
  std::vector<std::string> names;
  double seconds = 3;
  bool json = false, kernels = false;
};

// A name means all cases that begin with it.
std::vector<Case> chosen(const std::vector<std::string>& names) {
  if (names.empty()) return cases();
  std::vector<Case> found;
  for (const std::string& name : names) {
    std::size_t before = found.size();
    std::copy_if(cases().begin(), cases().end(), std::back_inserter(found),
                 [&](const Case& test) { return test.name().rfind(name, 0) == 0; });
    if (found.size() == before) {
      std::vector<std::string> known;
      for (const Case& test : cases()) known.push_back(test.name());
      throw base::UsageError(fmt::format("bench: unknown case {}; give one of {}", name, fmt::join(known, ", ")));
    }
  }
  return found;
}

void run_bench(const Options& options, const Context& context) {
  std::vector<Case> wanted = chosen(options.names);
  std::unique_ptr<nn::Engine> engine = engine_for(context);
  double peak = best_peak(context.threads);
  std::vector<std::vector<std::string>> rows{{"case", "images/s", "median", "GFLOP/s", "of peak", "MB"}};
  nlohmann::json json{{"engine", engine->name()}, {"peak_gflops", peak / 1e9}, {"cases", nlohmann::json::array()}};
  for (const Case& test : wanted) {
    Result result = measure(*engine, test, options.seconds, context.stop);
    double rate = test.batch / result.best, median = test.batch / result.median, speed = result.flops / result.best;
    rows.push_back({test.name(), fmt::format("{:.1f}", rate), fmt::format("{:.1f}", median),
                    fmt::format("{:.1f}", speed / 1e9), fmt::format("{:.0f} %", 100 * speed / peak),
                    fmt::format("{:.0f}", static_cast<double>(result.memory) / 1e6)});
    json["cases"].push_back({{"name", test.name()},
                             {"images_per_s", rate},
                             {"median_images_per_s", median},
                             {"gflops", speed / 1e9},
                             {"share_of_peak", speed / peak},
                             {"memory_bytes", result.memory},
                             {"kernels", result.kernels}});
    if (options.kernels && !options.json)
      for (const std::string& line : result.kernels) print(test.name() + "  " + line + "\n");
  }
  if (options.json) return print_json(json);
  print(fmt::format("{}; peak {:.0f} GFLOP/s\n", engine->name(), peak / 1e9));
  print(table(rows));
}

}  // namespace

void add_bench(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "bench", "Measure the speed of training and estimation, on three networks or on whole photographs");
  auto options = std::make_shared<Options>();
  command->add_option("NAME", options->names,
                      "Cases to run, by name or beginning of the name (\"seed\", \"vgg16-infer\"); default: all");
  command->add_option("--seconds", options->seconds, "Seconds to spend on each case")->check(CLI::Range(0.0, 3600.0));
  command->add_flag("--kernels", options->kernels, "List the kernels chosen for each layer");
  command->add_flag("--json", options->json, "Print the results as JSON");
  add_bench_photographs(*command, context);
  command->callback([options, command, &context] {
    if (command->get_subcommands().empty()) run_bench(*options, context);
  });
}

}  // namespace agewise::app
