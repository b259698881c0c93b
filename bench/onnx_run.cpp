// ONNX files on our engine, for tools/*.py that compare them with ONNX Runtime:
//   onnx_run FILE run INPUT … -- OUTPUT …   inputs and outputs as raw floats, the batch as the first input's size says
//   onnx_run FILE time BATCH SECONDS        processor seconds and seconds a picture, medians of the runs in that time
//   onnx_run FILE train STEPS NEW           so many steps of AdamW from noise, the losses; the network then as NEW
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <numeric>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/random.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/weights/onnx.h"
#include "agewise/weights/onnx_writer.h"

namespace agewise {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 32;

std::unique_ptr<nn::Executable> compiled(nn::Engine& engine, const weights::OnnxNetwork& network, int batch) {
  std::unique_ptr<nn::Executable> executable = engine.compile(network.graph, batch, nn::Mode::infer);
  executable->set_parameters(network.parameters);
  return executable;
}

void fill_with_noise(std::span<float> values, std::uint32_t key) {
  base::Random random(1, base::Purpose::test, 0, key);
  for (float& value : values) value = static_cast<float>(random.normal());
}

void run(const weights::OnnxNetwork& network, nn::Engine& engine, std::span<char*> files) {
  auto end_of_inputs =
      std::find_if(files.begin(), files.end(), [](const char* file) { return std::strcmp(file, "--") == 0; });
  std::vector<std::vector<std::byte>> inputs;
  std::for_each(files.begin(), end_of_inputs,
                [&](const char* file) { inputs.push_back(base::read_file(file, kLargestFile)); });
  if (inputs.size() != network.inputs.size())
    throw base::UsageError(
        fmt::format("the network has {} inputs, {} files are given", network.inputs.size(), inputs.size()));
  auto size_of = [&](int layer) {
    return static_cast<std::size_t>(network.graph.layers[static_cast<std::size_t>(layer)].shape.size());
  };
  std::size_t batch = inputs.empty() ? 1 : inputs[0].size() / sizeof(float) / size_of(network.graph.inputs[0]);
  std::unique_ptr<nn::Executable> executable = compiled(engine, network, static_cast<int>(batch));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::span<float> input = executable->input(static_cast<int>(i));
    if (input.size_bytes() != inputs[i].size()) throw base::UsageError("an input of another size");
    std::memcpy(input.data(), inputs[i].data(), inputs[i].size());
  }
  executable->forward();
  std::size_t output = 0;
  for (auto file = end_of_inputs == files.end() ? end_of_inputs : end_of_inputs + 1; file != files.end();
       ++file, ++output)
    base::write_file(*file, std::as_bytes(executable->output(static_cast<int>(output))));
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void time_it(const weights::OnnxNetwork& network, nn::Engine& engine, int batch, double seconds) {
  std::unique_ptr<nn::Executable> executable = compiled(engine, network, batch);
  fill_with_noise(executable->input(), 0);
  executable->forward();
  std::vector<double> processor, clock;
  auto begin = std::chrono::steady_clock::now();
  while (clock.size() < 3 || seconds_since(begin) < seconds) {
    double before = processor_seconds();
    auto now = std::chrono::steady_clock::now();
    executable->forward();
    clock.push_back(seconds_since(now) / batch);
    processor.push_back((processor_seconds() - before) / batch);
  }
  fmt::print("{:.9f} {:.9f}\n", median(processor), median(clock));
}

// Towards outputs of noise, by the mean square of what is missing.
void train(const weights::OnnxNetwork& network, nn::Engine& engine, int steps, const char* file) {
  constexpr int kBatch = 4;
  nn::Training training{nn::UpdateRule{nn::optimiser::AdamW{}}};
  std::unique_ptr<nn::Executable> executable = engine.compile(network.graph, kBatch, nn::Mode::train, training);
  executable->set_parameters(network.parameters);
  fill_with_noise(executable->input(), 0);
  std::vector<float> wanted(executable->output().size());
  fill_with_noise(wanted, 1);
  std::vector<std::uint32_t> rows(kBatch);
  std::iota(rows.begin(), rows.end(), 0U);
  for (int step = 0; step < steps; ++step) {
    executable->forward({1, static_cast<std::uint32_t>(step), rows});
    double loss = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      float missing = executable->output()[i] - wanted[i];
      loss += missing * missing / static_cast<double>(wanted.size());
      executable->output_gradient()[i] = 2 * missing / static_cast<float>(wanted.size());
    }
    fmt::print("{:.6g}\n", loss);
    executable->backward();
    executable->update(1e-4);
  }
  std::vector<float> parameters(network.parameters.size());
  executable->get(nn::Array::parameters, parameters);
  weights::write_onnx(file, network.graph, parameters, {});
}

int main_of(std::span<char*> arguments) {
  if (arguments.size() < 3) throw base::UsageError("onnx_run FILE run|time|train …: see bench/onnx_run.cpp");
  weights::OnnxNetwork network = weights::read_onnx(arguments[1]);
  std::unique_ptr<nn::Engine> engine = nn::make_cpu_engine({1});
  std::string_view what = arguments[2];
  if (what == "run") {
    run(network, *engine, arguments.subspan(3));
  } else if (what == "time" && arguments.size() == 5) {
    time_it(network, *engine, std::stoi(arguments[3]), std::stod(arguments[4]));
  } else if (what == "train" && arguments.size() == 5) {
    train(network, *engine, std::stoi(arguments[3]), arguments[4]);
  } else {
    throw base::UsageError("run, time or train");
  }
  return 0;
}

}  // namespace
}  // namespace agewise

int main(int count, char** arguments) {
  try {
    return agewise::main_of({arguments, static_cast<std::size_t>(count)});
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
