#include "agewise/train/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/nn/cut.h"

namespace agewise::train {
namespace {

std::size_t size_of_features(const estimate::Model& model) {
  auto layer = static_cast<std::size_t>(feature_layer(model.recipe, model.graph));
  return static_cast<std::size_t>(model.graph.layers[layer].shape.size());
}

// Copy 0 is the validation part's.
std::filesystem::path file_of(const RunFolder& run, int copy) {
  return run.path / fmt::format("features-{}.f32", copy);
}

std::filesystem::path key_file_of(const RunFolder& run, int copy) {
  return run.path / fmt::format("features-{}.key", copy);
}

// What the features of these pictures depend on, beside the run's recipe.
std::string key_of(const FeatureTask& task, const std::vector<std::uint32_t>& pictures) {
  nn::Graph first = nn::up_to(task.model.graph, feature_layer(task.model.recipe, task.model.graph));
  auto count = static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(first)));
  return base::content_hash(std::as_bytes(task.weights.first(count))) + " " +
         base::content_hash(std::as_bytes(std::span(pictures))) + " " + content_of(task.store) + "\n";
}

bool holds(const RunFolder& run, int copy, const std::string& key, std::uint64_t bytes) {
  std::error_code none;
  return std::filesystem::exists(key_file_of(run, copy)) && base::read_text_file(key_file_of(run, copy), 4096) == key &&
         std::filesystem::file_size(file_of(run, copy), none) == bytes;
}

class Extractor {
 public:
  Extractor(const FeatureTask& task, nn::Engine& engine, const base::StopFlag& stop, const base::ProgressSink& progress)
      : task_(task), engine_(engine), stop_(stop), progress_(progress), size_(size_of_features(task.model)) {}

  // Copy number `copy` of `pictures` as a file, unless it is there.
  void make(int copy, const std::vector<std::uint32_t>& pictures) {
    std::uint64_t bytes = pictures.size() * size_ * sizeof(float);
    std::string key = key_of(task_, pictures);
    if (holds(task_.run, copy, key, bytes)) return;
    std::filesystem::remove(key_file_of(task_.run, copy));
    base::MappedFile file = base::MappedFile::create(file_of(task_.run, copy), bytes);
    compute(copy, pictures, reinterpret_cast<float*>(file.writable_bytes().data()));
    file.sync();
    base::write_file(key_file_of(task_.run, copy), key);
  }

 private:
  void compute(int copy, const std::vector<std::uint32_t>& pictures, float* to) {
    nn::Executable& network = compiled();
    const recipe::Recipe& recipe = task_.model.recipe;
    BatchStream stream(inputs_from_store(recipe, task_.store, task_.examples.faces), pictures, input_size(recipe),
                       static_cast<std::size_t>(recipe.train.batch), {copy, task_.threads, 0});
    std::uint64_t done = 0;
    while (const Batch* batch = stream.next()) {
      if (stop_) throw base::Interrupted("stopped while computing features; --resume goes on with those of this copy");
      std::copy(batch->inputs.begin(), batch->inputs.end(), network.input().begin());
      network.forward();
      std::copy_n(network.output().begin(), batch->fresh * size_, to + done * size_);
      done += batch->fresh;
      if (progress_) progress_({fmt::format("computing features, copy {}", copy), done, pictures.size()});
    }
  }

  nn::Executable& compiled() {
    if (network_) return *network_;
    const estimate::Model& model = task_.model;
    nn::Graph first = nn::up_to(model.graph, feature_layer(model.recipe, model.graph));
    auto count = static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(first)));
    network_ = engine_.compile(first, model.recipe.train.batch, nn::Mode::infer);
    network_->set_parameters(task_.weights.first(count));
    return *network_;
  }

  const FeatureTask& task_;
  nn::Engine& engine_;
  const base::StopFlag& stop_;
  const base::ProgressSink& progress_;
  std::size_t size_;  // floats a picture
  std::unique_ptr<nn::Executable> network_;
};

void check_disk(const FeatureTask& task) {
  std::uint64_t free = base::free_disk_space(task.run.path), needed = feature_bytes(task.model, task.examples);
  if (free >= needed || std::filesystem::exists(key_file_of(task.run, 0))) return;
  throw base::file_error(task.run.path,
                         fmt::format("the features take {} MB and {} MB are free; fewer "
                                     "train.feature_copies need less, and --set train.features=\"\" none",
                                     needed >> 20, free >> 20));
}

}  // namespace

int feature_layer(const recipe::Recipe& recipe, const nn::Graph& graph) {
  if (recipe.train.features.empty()) return 0;
  int layer = nn::layer_called(graph, recipe.train.features);
  (void)nn::after(graph, layer);
  for (const nn::ParameterInfo& parameter : nn::parameters_of(graph)) {
    if (parameter.layer <= layer && parameter.trained && parameter.rate_factor != 0) {
      throw base::UsageError(
          fmt::format("train.features: {} comes before {} and learns; name its layer in train.frozen", parameter.name,
                      recipe.train.features));
    }
  }
  if (recipe.whiten.method != recipe::Whitening::none)
    throw base::UsageError("train.features does not go with whitened pictures");
  return layer;
}

std::uint64_t feature_bytes(const estimate::Model& model, const Examples& examples) {
  if (model.recipe.train.features.empty()) return 0;
  auto copies = static_cast<std::size_t>(model.recipe.train.feature_copies);
  return (examples.train.size() * copies + examples.validation.size()) * size_of_features(model) * sizeof(float);
}

InputSource feature_inputs(const FeatureTask& task, nn::Engine& engine, const base::StopFlag& stop,
                           const base::ProgressSink& progress) {
  check_disk(task);
  int copies = task.model.recipe.train.feature_copies;
  Extractor extractor(task, engine, stop, progress);
  auto files = std::make_shared<std::vector<base::MappedFile>>();
  for (int copy = 0; copy <= copies; ++copy) {
    extractor.make(copy, copy == 0 ? task.examples.validation : task.examples.train);
    files->push_back(base::MappedFile::read_only(file_of(task.run, copy)));
  }
  std::vector<std::uint32_t> place(task.examples.faces.size());  // training and validation share no picture
  for (const auto* part : {&task.examples.train, &task.examples.validation}) {
    for (std::uint32_t i = 0; i < part->size(); ++i) place[(*part)[i]] = i;
  }
  return [files, copies, place = std::move(place)](std::uint32_t sample, int epoch, std::span<float> input) {
    const base::MappedFile& file = (*files)[static_cast<std::size_t>(epoch > 0 ? (epoch - 1) % copies + 1 : 0)];
    std::memcpy(input.data(), file.bytes().data() + place[sample] * input.size_bytes(), input.size_bytes());
  };
}

}  // namespace agewise::train
