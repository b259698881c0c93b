// Networks in ONNX files compute what ONNX Runtime computes: golden/make_onnx.py and golden/torch/make.py have made
// files and values.
#include "agewise/weights/onnx.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "tests/nn/golden.h"

namespace agewise::weights {
namespace {

const std::filesystem::path kGolden = AGEWISE_SOURCE_DIR "/tests/weights/golden";
const std::filesystem::path kPeers = AGEWISE_SHARED_DIR "/peers/models";

struct GoldenOutput {
  std::string name;
  std::size_t count = 0, step = 1;
  std::vector<double> values;  // every step-th
};

struct GoldenNetwork {
  std::string file, hash;
  float factor = 1, offset = 0;
  std::vector<GoldenOutput> outputs;
};

void PrintTo(const GoldenNetwork& network, std::ostream* out) { *out << network.file; }

std::vector<GoldenNetwork> golden_networks(const std::filesystem::path& values, bool of_others) {
  std::vector<GoldenNetwork> networks;
  std::ifstream in(values);
  GoldenNetwork network;
  std::size_t outputs = 0;
  while (in >> network.file >> network.hash >> network.factor >> network.offset >> outputs) {
    network.outputs.resize(outputs);
    for (GoldenOutput& output : network.outputs) {
      in >> output.name >> output.count >> output.step;
      output.values.resize((output.count + output.step - 1) / output.step);
      for (double& value : output.values) in >> value;
    }
    if ((network.hash != "-") == of_others) networks.push_back(network);
  }
  return networks;
}

// The batch that the values were made with: 2 where the file leaves it open.
int batch_of(const GoldenNetwork& golden, const OnnxNetwork& network) {
  return static_cast<int>(static_cast<std::int64_t>(golden.outputs[0].count) /
                          network.graph.layers[network.graph.outputs[0]].shape.size());
}

// Height × width × channels as channels × height × width, of each picture.
std::vector<float> channels_first(const std::vector<float>& values, const nn::Shape& shape) {
  std::vector<float> turned(values.size());
  auto pixels = static_cast<std::size_t>(shape.height * shape.width),
       channels = static_cast<std::size_t>(shape.channels);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::size_t n = i / (pixels * channels), pixel = i / channels % pixels, c = i % channels;
    turned[(n * channels + c) * pixels + pixel] = values[i];
  }
  return turned;
}

// `tolerance` is a share of the largest output, and of 1 where all are smaller.
void expect_golden(const GoldenNetwork& golden, const OnnxNetwork& network, nn::Engine& engine,
                   double tolerance = 1e-4) {
  std::unique_ptr<nn::Executable> executable =
      engine.compile(network.graph, batch_of(golden, network), nn::Mode::infer);
  executable->set_parameters(network.parameters);
  for (int i = 0; i < static_cast<int>(network.inputs.size()); ++i) {
    std::span<float> input = executable->input(i);
    std::vector<float> values = nn::golden_numbers(300 + i, input.size());
    if (golden.file == "nhwc.onnx")
      values = channels_first(values, network.graph.layers[network.graph.inputs[0]].shape);
    std::transform(values.begin(), values.end(), input.begin(),
                   [&](float value) { return value * golden.factor + golden.offset; });
  }
  executable->forward();
  ASSERT_EQ(network.outputs.size(), golden.outputs.size());
  for (std::size_t i = 0; i < golden.outputs.size(); ++i) {
    const GoldenOutput& expected = golden.outputs[i];
    std::span<const float> found = executable->output(static_cast<int>(i));
    EXPECT_EQ(network.outputs[i], expected.name);
    ASSERT_EQ(found.size(), expected.count);
    double largest = 1;
    for (double value : expected.values) largest = std::max(largest, std::abs(value));
    for (std::size_t k = 0; k < expected.values.size(); ++k)
      ASSERT_NEAR(found[k * expected.step], expected.values[k], tolerance * largest) << expected.name << " " << k;
  }
}

class OnnxOperators : public testing::TestWithParam<GoldenNetwork> {};

TEST_P(OnnxOperators, compute_what_onnx_runtime_computes) {
  OnnxNetwork network = read_onnx(kGolden / GetParam().file);
  expect_golden(GetParam(), network, *nn::make_reference_engine());
  expect_golden(GetParam(), network, *nn::make_cpu_engine({2}));
  expect_golden(GetParam(), read_onnx(kGolden / GetParam().file, {{}, 0, /*fold_scales=*/false}),
                *nn::make_cpu_engine({2}));
}

// A stem, a depthwise and a pointwise convolution: each of up to four branches in the file.
TEST(TorchNetwork, of_branches_that_are_added_becomes_one_of_single_convolutions) {
  auto count = [](const OnnxNetwork& network, auto kind) {
    return std::count_if(network.graph.layers.begin(), network.graph.layers.end(),
                         [](const nn::Layer& layer) { return std::holds_alternative<decltype(kind)>(layer.kind); });
  };
  for (const char* way : {"default", "legacy"}) {
    std::filesystem::path file = kGolden / "torch" / (std::string("mobileone.") + way + ".onnx");
    OnnxNetwork merged = read_onnx(file), whole = read_onnx(file, {{}, 0, /*fold_scales=*/false});
    EXPECT_EQ(count(merged, nn::layer::Convolution{}), 3);
    EXPECT_EQ(count(merged, nn::layer::BatchNorm{}) + count(merged, nn::layer::Add{}), 0);
    EXPECT_EQ(count(whole, nn::layer::Convolution{}), 8);
    EXPECT_EQ(count(whole, nn::layer::BatchNorm{}), 2);
  }
}

std::string name_of(const testing::TestParamInfo<GoldenNetwork>& golden) {
  std::string name = std::filesystem::path(golden.param.file).stem();
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Each, OnnxOperators, testing::ValuesIn(golden_networks(kGolden / "onnx.txt", false)), name_of);

class TorchNetworks : public testing::TestWithParam<GoldenNetwork> {};

TEST_P(TorchNetworks, as_its_exporters_write_them_compute_what_onnx_runtime_computes) {
  OnnxNetwork network = read_onnx(kGolden / "torch" / GetParam().file);
  EXPECT_EQ(network.producer, "pytorch");
  expect_golden(GetParam(), network, *nn::make_reference_engine(), 1e-5);
  expect_golden(GetParam(), network, *nn::make_cpu_engine({2}), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Each, TorchNetworks, testing::ValuesIn(golden_networks(kGolden / "torch/outputs.txt", false)),
                         name_of);

class OnnxNetworks : public testing::TestWithParam<GoldenNetwork> {};

TEST_P(OnnxNetworks, of_other_people_compute_what_onnx_runtime_computes) {
  std::filesystem::path file = kPeers / GetParam().file;
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
  if (base::content_hash(base::MappedFile::read_only(file).bytes()) != GetParam().hash)
    GTEST_SKIP() << file << " is another version";
  expect_golden(GetParam(), read_onnx(file), *nn::make_cpu_engine({2}));
}

INSTANTIATE_TEST_SUITE_P(Each, OnnxNetworks, testing::ValuesIn(golden_networks(kGolden / "onnx.txt", true)), name_of);

}  // namespace
}  // namespace agewise::weights
