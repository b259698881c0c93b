#include "agewise/train/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/nn/cut.h"
#include "agewise/train/derived.h"

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

// The features of these pictures as copy number `copy`.
DerivedFile features_file(const FeatureTask& task, int copy, const std::vector<std::uint32_t>& pictures) {
  nn::Graph first = nn::up_to(task.model.graph, feature_layer(task.model.recipe, task.model.graph));
  auto count = static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(first)));
  std::string others = base::content_hash(std::as_bytes(task.weights.first(count))) + " " +
                       base::content_hash(std::as_bytes(std::span(pictures)));
  return {file_of(task.run, copy), key_of(recipe::Outcome::features, task.model.recipe, task.stores, others),
          [&task, others] { return others + " " + task.stores.first_content() + "\n"; },
          pictures.size() * size_of_features(task.model) * sizeof(float)};
}

const std::vector<std::uint32_t>& pictures_of_copy(const FeatureTask& task, int copy) {
  return copy == 0 ? task.examples.validation : task.examples.train;
}

class Extractor {
 public:
  Extractor(const FeatureTask& task, nn::Engine& engine, const base::StopFlag& stop, const base::ProgressSink& progress)
      : task_(task), engine_(engine), stop_(stop), progress_(progress), size_(size_of_features(task.model)) {}

  // Copy number `copy` as a file, unless it is there.
  void make(const DerivedFile& file, int copy) {
    make_unless_it_holds(file, [&] {
      base::MappedFile mapped = base::MappedFile::create(file.path, *file.bytes);
      compute(copy, pictures_of_copy(task_, copy), reinterpret_cast<float*>(mapped.writable_bytes().data()));
      mapped.sync();
    });
  }

 private:
  void compute(int copy, const std::vector<std::uint32_t>& pictures, float* to) {
    nn::Executable& network = compiled();
    const recipe::Recipe& recipe = task_.model.recipe;
    BatchStream stream(inputs_from_stores(recipe, task_.stores, task_.examples.faces), pictures, input_size(recipe),
                       static_cast<std::size_t>(recipe.train.batch), {copy, task_.threads, 0});
    std::uint64_t done = 0;
    while (const Batch* batch = stream.next()) {
      if (stop_)
        throw base::Interrupted(
            "stopped while computing features; when resumed (--resume), training computes this copy's features again");
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

void check_disk(const FeatureTask& task, const std::vector<DerivedFile>& copies) {
  std::uint64_t free = base::free_disk_space(task.run.path), needed = 0;
  for (const DerivedFile& copy : copies) needed += holds(copy) ? 0 : *copy.bytes;
  if (free >= needed) return;
  throw base::file_error(task.run.path,
                         fmt::format("the features need {} MB, but only {} MB are free; use fewer "
                                     "train.feature_copies, or compute no features (--set train.features=\"\")",
                                     needed >> 20, free >> 20));
}

}  // namespace

int feature_layer(const recipe::Recipe& recipe, const nn::Graph& graph) {
  if (recipe.train.features.empty()) return 0;
  int layer = nn::layer_called(graph, recipe.train.features);
  (void)nn::after(graph, layer);
  for (const nn::ParameterInfo& parameter : nn::parameters_of(graph)) {
    if (parameter.layer <= layer && parameter.trained && parameter.lr_multiplier != 0) {
      throw base::UsageError(
          fmt::format("train.features: {} comes before {} and is trained; add its layer to train.frozen",
                      parameter.name, recipe.train.features));
    }
  }
  if (recipe.whiten.method != recipe::Whitening::none)
    throw base::UsageError("train.features cannot be used with whitened pictures");
  return layer;
}

std::uint64_t feature_bytes(const estimate::Model& model, const Examples& examples) {
  if (model.recipe.train.features.empty()) return 0;
  auto copies = static_cast<std::size_t>(model.recipe.train.feature_copies);
  return (examples.train.size() * copies + examples.validation.size()) * size_of_features(model) * sizeof(float);
}

InputSource feature_inputs(const FeatureTask& task, nn::Engine& engine, const base::StopFlag& stop,
                           const base::ProgressSink& progress) {
  int copies = task.model.recipe.train.feature_copies;
  std::vector<DerivedFile> derived;
  for (int copy = 0; copy <= copies; ++copy) derived.push_back(features_file(task, copy, pictures_of_copy(task, copy)));
  check_disk(task, derived);
  Extractor extractor(task, engine, stop, progress);
  auto files = std::make_shared<std::vector<base::MappedFile>>();
  for (int copy = 0; copy <= copies; ++copy) {
    const DerivedFile& file = derived[static_cast<std::size_t>(copy)];
    extractor.make(file, copy);
    files->push_back(base::MappedFile::read_only(file.path));
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
