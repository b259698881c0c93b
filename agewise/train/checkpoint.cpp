#include "agewise/train/checkpoint.h"

#include <array>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/json.h"
#include "agewise/nn/optimiser.h"
#include "agewise/nn/schedule.h"
#include "agewise/recipe/determines.h"

namespace agewise::train {
namespace {

using Json = nlohmann::json;

constexpr const char* kStateText = "train.state";
constexpr const char* kWeights = "train.weights";  // where the model's own arrays are their average
constexpr const char* kBuffer = "train.";          // before the name of an optimiser's buffer

std::string state_text(const estimate::Model& model, const TrainState& state) {
  Json json{{"epoch", state.epoch},
            {"step", state.step},
            {"loss_sum", state.sums.loss},
            {"right", state.sums.right},
            {"absolute_error_sum", state.sums.absolute_error},
            {"pictures", state.sums.pictures},
            {"best_epoch", state.best_epoch},
            {"best_score", state.best_score},
            {"optimiser_step", state.optimiser_step},
            {"averaged", !state.average.empty()},
            {"recipe", recipe::to_toml(model.recipe)}};
  return base::json_text(json);
}

// All but the arrays.
TrainState state_from(const std::filesystem::path& file, const Json& json) {
  TrainState state;
  state.epoch = json.at("epoch");
  state.step = json.at("step");
  state.sums = {json.at("loss_sum"), json.at("right"), json.at("absolute_error_sum"), json.at("pictures")};
  state.best_epoch = json.at("best_epoch");
  state.best_score = json.at("best_score");
  state.optimiser_step = json.at("optimiser_step");
  if (state.epoch < 0 || state.step < 0 || state.optimiser_step < 0)
    throw base::file_error(file, "has negative counters");
  return state;
}

weights::TensorView flat(const std::string& name, const std::vector<float>& values) {
  return {name, {static_cast<std::int64_t>(values.size())}, values};
}

std::vector<float> read_model_arrays(const weights::SafetensorsFile& file,
                                     const std::vector<nn::ParameterInfo>& parameters) {
  std::vector<float> values(static_cast<std::size_t>(nn::parameter_count(parameters)));
  std::span<float> rest(values);
  for (const nn::ParameterInfo& parameter : parameters) {
    auto size = static_cast<std::size_t>(parameter.size());
    file.read(parameter.name, parameter.shape, rest.first(size));
    rest = rest.subspan(size);
  }
  return values;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const estimate::Model& model, const TrainState& state) {
  estimate::Attachment attachment;
  attachment.texts[kStateText] = state_text(model, state);
  if (!state.average.empty()) attachment.tensors.push_back(flat(kWeights, state.weights));
  std::vector<std::string> names = nn::buffer_names(nn::update_rule_of(model.recipe.train));
  for (std::size_t i = 0; i < names.size(); ++i) {
    attachment.tensors.push_back(flat(kBuffer + names[i], state.optimiser[i]));
  }
  estimate::write_model(file, model, attachment);
}

TrainState read_checkpoint(const std::filesystem::path& path, const estimate::Model& model) {
  weights::SafetensorsFile file(path);
  auto text = file.metadata().find(kStateText);
  if (text == file.metadata().end())
    throw base::file_error(path, "is not a checkpoint, so a run cannot be resumed from it");
  try {
    Json json = base::parse_json(text->second);
    recipe::Recipe before = recipe::parse_recipe(json.at("recipe"), path.string());
    if (std::string difference = recipe::first_difference(recipe::Outcome::training, before, model.recipe);
        !difference.empty()) {
      throw base::file_error(
          path, "was trained with another recipe than the run's recipe.toml: " + difference + "; start a new run");
    }
    TrainState state = state_from(path, json);
    std::vector<nn::ParameterInfo> parameters = nn::parameters_of(model.graph);
    state.weights = read_model_arrays(file, parameters);
    bool averaged = json.at("averaged");
    if (averaged != (model.recipe.train.ema_decay > 0))
      throw base::file_error(path, "its averaged weights do not match its recipe's train.ema_decay; start a new run");
    if (averaged) {
      state.average = std::move(state.weights);
      state.weights = file.read(kWeights, std::array{nn::parameter_count(parameters)});
    }
    for (const std::string& name : nn::buffer_names(nn::update_rule_of(model.recipe.train))) {
      state.optimiser.push_back(file.read(kBuffer + name, std::array{nn::parameter_count(parameters)}));
    }
    return state;
  } catch (const Json::exception&) {
    throw base::file_error(path, "its train.state is not valid; start a new run");
  }
}

}  // namespace agewise::train
