// Weight files as models: what they say of pictures, the same outputs as the file's own network, files that do not fit.
#include "agewise/estimate/import.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <functional>

#include "agewise/base/error.h"
#include "agewise/estimate/estimator.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/weights/onnx.h"
#include "agewise/weights/onnx_writer.h"
#include "tests/error_of.h"
#include "tests/nn/golden.h"

namespace agewise::estimate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kGolden = AGEWISE_SOURCE_DIR "/tests/weights/golden";
const std::filesystem::path kDlib = AGEWISE_SHARED_DIR "/peers/models/dlib_age_v1.onnx";

// A face of noise.
image::Image face(int size, std::uint64_t key) {
  image::Image image = image::make_image(size, size, 3);
  std::vector<float> numbers = nn::golden_numbers(key, image.pixels.size());
  std::transform(numbers.begin(), numbers.end(), image.pixels.begin(),
                 [](float value) { return static_cast<std::uint8_t>((value + 0.5F) * 255); });
  return image;
}

std::vector<image::Image> faces(int size, int count) {
  std::vector<image::Image> all;
  for (int i = 0; i < count; ++i) all.push_back(face(size, 500 + i));
  return all;
}

std::vector<std::string> names_of(const nn::Graph& graph) {
  std::vector<std::string> names;
  for (const nn::ParameterInfo& info : nn::parameters_of(graph)) names.push_back(info.name);
  return names;
}

class DlibAge : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kDlib)) GTEST_SKIP() << kDlib << " is not here";
  }
};

TEST_F(DlibAge, is_recognised_with_its_pixels_classes_and_layer_names) {
  Imported imported = import_model(kDlib, {});
  const recipe::Recipe& recipe = imported.model.recipe;
  EXPECT_EQ(imported.recognised, "dlib's age predictor");
  EXPECT_EQ(recipe.face.size, 64);
  EXPECT_THAT(recipe.network.mean, ElementsAre(122.782, 117.001, 104.298));
  EXPECT_EQ(recipe.network.scale, 1.0 / 256);
  EXPECT_FALSE(recipe.network.bgr);
  EXPECT_EQ(imported.model.classes.count(), 81);
  EXPECT_EQ(imported.model.classes.values[0], 0.25);
  std::vector<std::string> names = names_of(imported.model.graph);
  EXPECT_EQ(names.front(), "stem.weight");
  EXPECT_EQ(names.back(), "fc.bias");
  EXPECT_EQ(names.size(), 24U);  // eleven convolutions and fc, all scales folded
}

// The file's own network with its softmax, on the same pixels less the mean, through another code path.
TEST_F(DlibAge, estimates_what_the_files_network_computes) {
  Model model = import_model(kDlib, {}).model;
  std::unique_ptr<nn::Engine> engine = nn::make_cpu_engine({2});
  std::vector<image::Image> pictures = faces(64, 3);
  std::vector<Estimate> estimates = Estimator(model, *engine, 3).estimate(pictures);
  weights::OnnxNetwork network = weights::read_onnx(kDlib);
  std::unique_ptr<nn::Executable> own = engine->compile(network.graph, 3, nn::Mode::infer);
  own->set_parameters(network.parameters);
  const double mean[] = {122.782, 117.001, 104.298};
  for (std::size_t i = 0; i < own->input().size(); ++i) {
    std::size_t n = i / (3 * 64 * 64), c = i / (64 * 64) % 3, pixel = i % (64 * 64);
    own->input()[i] = static_cast<float>((pictures[n].pixels[pixel * 3 + c] - mean[c]) / 256);
  }
  own->forward();
  for (std::size_t n = 0; n < 3; ++n) {
    double age = 0.25 * own->output()[n * 81];
    for (std::size_t c = 1; c < 81; ++c) age += static_cast<double>(c) * own->output()[n * 81 + c];
    EXPECT_NEAR(estimates[n].age, age, 1e-3);
  }
}

TEST_F(DlibAge, with_batch_normalisation_estimates_the_same_and_starts_training_from_there) {
  ImportOptions options;
  options.fold_scales = false;
  Model scaled = import_model(kDlib, options).model;
  std::unique_ptr<nn::Engine> engine = nn::make_cpu_engine({2});
  std::vector<image::Image> pictures = faces(64, 40);
  Model normalised = with_batch_norm(scaled, *engine, pictures);
  recipe::Recipe known = recipe::load_recipe(AGEWISE_SOURCE_DIR "/bench/networks/resnet10.toml");
  EXPECT_EQ(names_of(normalised.graph), names_of(graph_of(known, recipe::classes_of(known.classes))));
  std::vector<Estimate> before = Estimator(scaled, *engine, 8).estimate(pictures),
                        after = Estimator(normalised, *engine, 8).estimate(pictures);
  for (std::size_t i = 0; i < pictures.size(); ++i) EXPECT_NEAR(after[i].age, before[i].age, 1e-3);
  // By the batch's own statistics, as training sees it: the batch is what the statistics were taken of.
  std::unique_ptr<nn::Executable> training = engine->compile(normalised.graph, 40, nn::Mode::train);
  training->set_parameters(normalised.parameters);
  std::size_t size = training->input().size() / 40;
  for (std::size_t i = 0; i < 40; ++i)
    to_network_input(normalised.recipe, pictures[i], training->input().subspan(i * size, size));
  std::vector<std::uint32_t> rows(40);
  training->forward({1, 0, rows}, false);
  for (std::size_t i = 0; i < 40; ++i) {
    Estimate estimate = estimate_of(normalised, training->output().subspan(i * 81, 81));
    // Running variances are unbiased, a batch's are not: some thousandths of a small layer's, a tenth of a year here.
    EXPECT_NEAR(estimate.age, before[i].age, 0.25);
  }
}

// What the convolution gives is still wanted as it is: its bias must not go into a normalisation after it.
TEST(BatchNorm, does_not_take_a_convolution_that_is_itself_an_output) {
  Model model;
  model.recipe = recipe::parse_recipe(R"(
face = {size = 8, colour = "rgb"}
classes.years = 3
network.layers = [
  {kind = "convolution", name = "conv", channels = 4, kernel = 3}, {kind = "scale"}, {kind = "relu"},
  {kind = "fully-connected", outputs = "classes"}])",
                                      "one convolution");
  model.classes = recipe::classes_of(model.recipe.classes);
  model.graph = graph_of(model.recipe, model.classes);
  model.parameters = nn::initial_parameters(model.graph, 1);
  std::unique_ptr<nn::Engine> engine = nn::make_reference_engine();
  std::vector<image::Image> pictures = faces(8, 4);
  EXPECT_THAT(names_of(with_batch_norm(model, *engine, pictures).graph), testing::Not(testing::Contains("conv.bias")));
  model.graph.outputs.push_back(1);
  EXPECT_THAT([&] { with_batch_norm(model, *engine, pictures); },
              testing::ThrowsMessage<base::Error>(HasSubstr("no convolution of the network is followed by a scale")));
}

class Files : public testing::Test {
 protected:
  Files() { std::filesystem::create_directories(folder_); }
  ~Files() override { std::filesystem::remove_all(folder_); }

  // Two convolutions of VGG's names and a layer of classes, for pictures of 8 × 8.
  static recipe::Recipe architecture() {
    return recipe::parse_recipe(R"(
name = "two"
face = {size = 8, colour = "rgb"}
classes.years = 3
network.layers = [
  {kind = "convolution", name = "conv", channels = 4, kernel = 3}, {kind = "max-pool", kernel = 3},
  {kind = "fully-connected", name = "fc", outputs = "classes"}])",
                                "two");
  }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("import" + std::to_string(::getpid()));
};

// The same arrays in each format: golden/make_arrays.py.
TEST_F(Files, of_each_format_give_the_same_model) {
  ImportOptions options;
  options.architecture = architecture();
  std::vector<Model> models;
  for (const char* name : {"new.caffemodel", "old.caffemodel"})
    models.push_back(import_model(kGolden / name, options).model);
  EXPECT_EQ(models[0].classes.count(), 5);  // as many as the file has, not the recipe's three
  EXPECT_EQ(models[0].parameters, models[1].parameters);
  std::vector<weights::TensorView> tensors;
  const float* place = models[0].parameters.data();
  for (const nn::ParameterInfo& info : nn::parameters_of(models[0].graph)) {
    tensors.push_back({info.name, info.shape, {place, static_cast<std::size_t>(info.size())}});
    place += info.size();
  }
  weights::write_safetensors(folder_ / "a.safetensors", {}, tensors);
  EXPECT_EQ(import_model(folder_ / "a.safetensors", options).model.parameters, models[0].parameters);
  weights::write_onnx(folder_ / "a.onnx", models[0].graph, models[0].parameters, {});
  EXPECT_EQ(import_model(folder_ / "a.onnx", {}).model.parameters, models[0].parameters);
}

// The released networks of DEX call their last layer fc8-101, ImageNet's VGG-16 fc8; so do recipes.
TEST_F(Files, of_dex_and_of_vgg_fit_architectures_under_either_name_of_the_last_layer) {
  std::vector<float> weight(108, 0.5F), bias(4), last(5 * 16, 0.25F), last_bias(5);
  for (const char* in_file : {"fc8", "fc8-101"}) {
    std::string name = in_file;
    weights::write_safetensors(folder_ / "a.safetensors", {},
                               std::vector<weights::TensorView>{{"conv.weight", {4, 3, 3, 3}, weight},
                                                                {"conv.bias", {4}, bias},
                                                                {name + ".weight", {5, 16}, last},
                                                                {name + ".bias", {5}, last_bias}});
    for (const char* in_recipe : {"fc8", "fc8-101"}) {
      ImportOptions options;
      options.architecture = architecture();
      options.architecture->network.layers[2].name = in_recipe;
      Model model = import_model(folder_ / "a.safetensors", options).model;
      EXPECT_EQ(model.classes.count(), 5) << in_file << " as " << in_recipe;
      EXPECT_THAT(names_of(model.graph), testing::Contains(std::string(in_recipe) + ".weight"));
      EXPECT_EQ(model.recipe.network.bgr, name == "fc8-101") << "known to be DEX's by it";
    }
  }
}

// golden/torch/make.py's small(), in files as PyTorch leaves them: with counters and 64-bit floats, within
// dictionaries, under the names that wrappers give. What it computes is ONNX Runtime's.
class TorchArrays : public testing::TestWithParam<const char*> {};

TEST_P(TorchArrays, become_the_network_that_wrote_them) {
  ImportOptions options;
  options.architecture = recipe::parse_recipe(R"(
name = "small"
face = {size = 8, colour = "rgb"}
classes.years = 3
network.layers = [
  {kind = "convolution", name = "conv", channels = 4, kernel = 3}, {kind = "batch-norm", name = "bn", epsilon = 1e-5},
  {kind = "relu"}, {kind = "fully-connected", name = "fc", outputs = "classes"}])",
                                              "small");
  Imported imported = import_model(kGolden / "torch" / GetParam(), options);
  EXPECT_THAT(imported.notices, Not(testing::Contains(HasSubstr("not part of the architecture"))));
  std::ifstream in(kGolden / "torch/arrays.txt");
  std::string file, hash, name;
  float factor = 0, offset = 0;
  std::size_t outputs = 0, count = 0, step = 0;
  in >> file >> hash >> factor >> offset >> outputs >> name >> count >> step;
  ASSERT_EQ(count, 5U);
  std::unique_ptr<nn::Engine> engine = nn::make_cpu_engine({2});
  std::unique_ptr<nn::Executable> network = engine->compile(imported.model.graph, 1, nn::Mode::infer);
  network->set_parameters(imported.model.parameters);
  std::vector<float> picture = nn::golden_numbers(300, network->input().size());
  std::transform(picture.begin(), picture.end(), network->input().begin(), [&](float x) { return x * factor; });
  network->forward();
  ASSERT_EQ(network->output().size(), count);
  for (float found : network->output()) {
    double expected = 0;
    in >> expected;
    EXPECT_NEAR(found, expected, 1e-5 * 5.4);  // a share of the largest
  }
}

INSTANTIATE_TEST_SUITE_P(Each, TorchArrays,
                         testing::Values("arrays.safetensors", "arrays.nested.pth", "arrays.wrapped.pth"),
                         [](const auto& file) {
                           std::string name = file.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

// Whatever stands before all names goes, and nothing where it does not stand before all.
TEST_F(Files, of_wrapped_networks_are_found_under_the_names_without_the_wrappers) {
  std::vector<float> weight(108, 0.5F), bias(4, 1), last(5 * 16, 0.25F), last_bias(5, 2), other(3);
  auto write = [&](const std::string& before, const std::string& before_last) {
    weights::write_safetensors(folder_ / "a.safetensors", {},
                               std::vector<weights::TensorView>{{before + "conv.weight", {4, 3, 3, 3}, weight},
                                                                {before + "conv.bias", {4}, bias},
                                                                {before_last + "fc.weight", {5, 16}, last},
                                                                {before_last + "fc.bias", {5}, last_bias},
                                                                {"loss.weight", {3}, other}});
  };
  ImportOptions options;
  options.architecture = architecture();
  for (const char* prefix : {"", "module.", "model.", "_orig_mod.", "module._orig_mod.", "net.backbone."}) {
    write(prefix, prefix);
    Imported imported = import_model(folder_ / "a.safetensors", options);
    EXPECT_EQ(imported.model.parameters.front(), 0.5F) << prefix;
    EXPECT_EQ(imported.model.parameters.back(), 2) << prefix;
    EXPECT_THAT(imported.notices, testing::Contains("ignored, not part of the architecture: \"loss.weight\""))
        << prefix;
  }
  write("module.", "");
  EXPECT_THAT(error_of([&] { import_model(folder_ / "a.safetensors", options); }),
              HasSubstr("has no array \"conv.weight\", which the architecture needs"));
}

TEST_F(Files, of_more_classes_than_there_are_ages_are_doubted) {
  auto notices_of = [&](int classes) {
    std::vector<float> weight(108), bias(4), last(static_cast<std::size_t>(classes) * 16), last_bias(last.size() / 16);
    weights::write_safetensors(folder_ / "a.safetensors", {},
                               std::vector<weights::TensorView>{{"conv.weight", {4, 3, 3, 3}, weight},
                                                                {"conv.bias", {4}, bias},
                                                                {"fc.weight", {classes, 16}, last},
                                                                {"fc.bias", {classes}, last_bias}});
    ImportOptions options;
    options.architecture = architecture();
    return import_model(folder_ / "a.safetensors", options).notices;
  };
  EXPECT_THAT(notices_of(1000), testing::Contains(HasSubstr("1000 outputs are taken as the ages 0 to 999")));
  EXPECT_THAT(notices_of(117), Not(testing::Contains(HasSubstr("outputs are taken"))));
}

TEST_F(Files, pixels_that_the_network_scales_itself_become_the_recipes_mean_and_scale) {
  ImportOptions options;
  options.architecture = architecture();
  Model model = import_model(kGolden / "new.caffemodel", options).model;
  weights::OnnxFrame frame{{1, 2, 3}, 0.5};
  weights::write_onnx(folder_ / "a.onnx", model.graph, model.parameters, frame);
  Model imported = import_model(folder_ / "a.onnx", {}).model;
  EXPECT_THAT(imported.recipe.network.mean, ElementsAre(1, 2, 3));
  EXPECT_EQ(imported.recipe.network.scale, 0.5);
  EXPECT_EQ(imported.parameters, model.parameters);
}

struct Misfit {
  std::string file;
  std::function<void(ImportOptions&)> change;
  const char* message;
};

TEST_F(Files, that_do_not_fit_are_refused_with_the_reason) {
  std::vector<float> values(5 * 16, 1);
  values[7] = std::nanf("");
  std::vector<float> weight(108), bias(4), last(5);
  weights::write_safetensors(folder_ / "nan.safetensors", {},
                             std::vector<weights::TensorView>{{"conv.weight", {4, 3, 3, 3}, weight},
                                                              {"conv.bias", {4}, bias},
                                                              {"fc.weight", {5, 16}, values},
                                                              {"fc.bias", {5}, last}});
  const std::string not_a_number = folder_ / "nan.safetensors", golden = kGolden.string() + "/";
  auto none = [](ImportOptions&) {};
  auto fewer = [](ImportOptions& o) {
    std::get<std::int64_t>(o.architecture->network.layers[0].options["channels"]) = 2;
  };
  auto renamed = [](ImportOptions& o) { o.architecture->network.layers[0].name = "convolution"; };
  auto no_architecture = [](ImportOptions& o) { o.architecture.reset(); };
  for (const auto& [file, change, message] : std::initializer_list<Misfit>{
           {not_a_number, none, "array \"fc.weight\": holds a value that is not finite"},
           {(golden + "new.caffemodel"), fewer, "\"conv.weight\": must have the shape [2, 3, 3, 3], but has [4"},
           {(golden + "new.caffemodel"), renamed, "has no array \"convolution.weight\", which the architecture"},
           {(golden + "zip.pth"), none, "array \"fc.weight\": must have the shape"},
           {(golden + "new.caffemodel"), no_architecture, "name the recipe with their network by --architecture"},
           {(golden + "two_inputs.onnx"), no_architecture, "has 2 inputs (x, z), but a model has only one, the face"},
           {(golden + "pools.onnx"), no_architecture, "its input is 3×6×8, but a model takes square pictures"},
           {(golden + "make_onnx.py"), none, "is not a supported weight file"},
       }) {
    ImportOptions options;
    options.architecture = architecture();
    change(options);
    try {
      import_model(file, options);
      FAIL() << file << " was taken";
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
      EXPECT_THAT(error.what(), HasSubstr(std::filesystem::path(file).filename().string()));
    }
  }
}

}  // namespace
}  // namespace agewise::estimate
