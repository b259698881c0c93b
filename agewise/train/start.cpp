#include "agewise/train/start.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/base/text.h"
#include "agewise/face/spec.h"
#include "agewise/train/features.h"
#include "agewise/train/inputs.h"
#include "agewise/train/together.h"
#include "agewise/train/trainer.h"

namespace agewise::train {
namespace {

using Notice = std::function<void(const std::string&)>;

void say(const Notice& notice, const std::string& text) {
  if (notice) notice(text);
}

void check_one_a_store(const char* key, const std::vector<double>& weights, const store::Stores& stores) {
  if (weights.empty() || weights.size() == stores.count()) return;
  throw base::UsageError(
      fmt::format("{} has {} weights for {} stores; give one for each --data", key, weights.size(), stores.count()));
}

// Whether this parameter's layer is fully connected, with a bias, and the last.
bool is_of_head(const nn::ParameterInfo& parameter, const nn::Graph& graph) {
  if (parameter.layer + 1 != static_cast<int>(graph.layers.size())) return false;
  const auto* head = std::get_if<nn::layer::FullyConnected>(&graph.layers.back().kind);
  return head != nullptr && head->bias;
}

// Whether the head of `from` goes on as one of as many or more year classes, perhaps with a gender head beside it.
bool grows(const nn::ParameterInfo& before, const nn::ParameterInfo& now, const estimate::Model& from,
           const estimate::Model& model) {
  if (!is_of_head(before, from.graph) || !is_of_head(now, model.graph)) return false;
  bool same = from.classes.edges == model.classes.edges;
  bool more = from.recipe.classes.years > 0 && model.recipe.classes.years > from.recipe.classes.years;
  return (same || more) && before.shape[0] >= from.classes.count() && now.shape[0] >= model.classes.count() &&
         std::equal(before.shape.begin() + 1, before.shape.end(), now.shape.begin() + 1, now.shape.end());
}

// The rows of the ages: the probability of the old oldest class, which stood for all ages from it on, is spread evenly
// over it and the new ones; the others stay. What else `now` has, a gender head, is left as it is.
void grow(int before_classes, const float* before, const nn::ParameterInfo& now, int classes, float* grown) {
  std::int64_t row = now.size() / now.shape[0], shared = classes - before_classes + 1;
  std::copy_n(before, before_classes * row, grown);
  float* oldest = grown + (before_classes - 1) * row;
  for (std::int64_t c = 1; c < shared; ++c) std::copy_n(oldest, row, oldest + c * row);
  if (now.shape.size() > 1) return;
  for (std::int64_t c = 0; c < shared; ++c) oldest[c] -= std::log(static_cast<float>(shared));
}

using Known = std::map<std::string, std::pair<nn::ParameterInfo, const float*>>;

Known arrays_by_name(const estimate::Model& model) {
  Known known;
  const float* place = model.parameters.data();
  for (const nn::ParameterInfo& parameter : nn::parameters_of(model.graph)) {
    known.insert({parameter.name, {parameter, place}});
    place += parameter.size();
  }
  return known;
}

// Exporters fold batch normalisation into the convolution before it, which so gets a bias. With that convolution and a
// fresh normalisation the network would begin with nothing of what it had learned.
void check_normalisation(const Known& known, const nn::Graph& graph, const std::set<int>& fresh) {
  for (int i : fresh) {
    const nn::Layer& layer = graph.layers[static_cast<std::size_t>(i)];
    int before = layer.inputs[0];
    const nn::Layer& of = graph.layers[static_cast<std::size_t>(before)];
    const auto* convolution = std::get_if<nn::layer::Convolution>(&of.kind);
    if (!std::holds_alternative<nn::layer::BatchNorm>(layer.kind) || convolution == nullptr || convolution->bias)
      continue;
    if (fresh.contains(before) || !known.contains(of.name + ".bias")) continue;
    throw base::UsageError(fmt::format(
        "the model to start from (--from) has no normalisation layer {}: it was folded into the convolution {} when "
        "the "
        "network was exported. Train with the model's own recipe (agewise recipe MODEL > mine.toml), or import the "
        "network's .pth or safetensors file with --architecture",
        layer.name, of.name));
  }
}

// The names of layers, of many the first.
std::string names_of(const std::set<int>& layers, const nn::Graph& graph) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> names;
  for (int i : layers) {
    if (names.size() == kMost) break;
    names.push_back(graph.layers[static_cast<std::size_t>(i)].name);
  }
  std::string text = fmt::format("{}", fmt::join(names, ", "));
  return layers.size() > kMost ? text + fmt::format(" and {} more", layers.size() - kMost) : text;
}

// Weights of `from` where name and shape are the same, or a last layer can grow.
void take_weights(const estimate::Model& from, const estimate::Model& model, std::vector<float>& weights,
                  const Notice& notice) {
  Known known = arrays_by_name(from);
  std::set<int> layers, fresh;
  float* to = weights.data();
  for (const nn::ParameterInfo& parameter : nn::parameters_of(model.graph)) {
    layers.insert(parameter.layer);
    auto found = known.find(parameter.name);
    if (found != known.end() && found->second.first.shape == parameter.shape) {
      std::copy_n(found->second.second, parameter.size(), to);
    } else if (found != known.end() && grows(found->second.first, parameter, from, model)) {
      grow(from.classes.count(), found->second.second, parameter, model.classes.count(), to);
    } else {
      fresh.insert(parameter.layer);
    }
    to += parameter.size();
  }
  if (fresh.empty()) return;
  if (fresh.size() == layers.size()) {
    throw base::UsageError(
        "no layer of the model to start from (--from) has the same name and shape as a layer of the recipe; `agewise "
        "recipe MODEL` prints the recipe of the model");
  }
  check_normalisation(known, model.graph, fresh);
  say(notice, fmt::format("{} of {} layers with weights start from those of the model; initialised at random: {}",
                          layers.size() - fresh.size(), layers.size(), names_of(fresh, model.graph)));
}

}  // namespace

recipe::Recipe recipe_on_stores(const recipe::Recipe& wanted, const store::Stores& stores) {
  const recipe::Recipe& stored = stores.first().metadata().recipe;
  face::Fit fit = face::fits(face::spec_of(wanted), face::spec_of(stored), face::Use::train);
  if (!fit) {
    throw base::UsageError(fmt::format(
        "{}: its faces are not what the recipe needs: {}; prepare a store with this recipe, or train with {}",
        stores.first().file().string(), face::text_of(fit.differences), face::settings_against(fit.differences)));
  }
  for (std::size_t i = 1; i < stores.count(); ++i) {
    face::FaceSpec other = face::spec_of(stores[i].metadata().recipe);
    face::Fit alike = face::fits(face::spec_of(stored), other, face::Use::train);
    if (alike) continue;
    throw base::UsageError(fmt::format("{}: its faces are not like those of {}: {}; prepare it with {}",
                                       stores[i].file().string(), stores.first().file().string(),
                                       face::text_of(alike.differences), face::settings_for(alike.differences)));
  }
  check_one_a_store("train.age_weights", wanted.train.age_weights, stores);
  check_one_a_store("train.data_weights", wanted.train.data_weights, stores);
  recipe::Recipe recipe = wanted;
  recipe.screen = stored.screen;
  recipe.face = stored.face;
  recipe.split = stored.split;
  return recipe;
}

void check_beginning(const estimate::Model& from, const recipe::Recipe& recipe) {
  face::Fit fit = face::fits(face::spec_of(from.recipe), face::spec_of(recipe), face::Use::begin);
  if (fit) return;
  throw base::UsageError(
      fmt::format("the store's faces are not like those that the model to start from (--from) was trained on: {}; "
                  "prepare a store with {}, or start from a model that was trained on such faces",
                  face::text_of(fit.differences), face::settings_for(fit.differences)));
}

namespace {

// "val"; of several stores with different parts "val and test".
std::string validated_on(const Examples& examples) {
  if (!examples.validation_name.empty()) return examples.validation_name;
  std::string first(catalog::name_of(examples.validation_part));
  auto is_other = [&](std::uint32_t i) { return examples.faces[i].split != examples.validation_part; };
  return std::ranges::any_of(examples.validation, is_other) ? first + " and test" : first;
}

}  // namespace

estimate::Model untrained_model(const recipe::Recipe& recipe, const store::Stores& stores, const Examples& examples) {
  estimate::Model model;
  model.recipe = recipe;
  model.classes = trained_classes(recipe.classes, examples);
  model.graph = estimate::graph_of(recipe, model.classes);
  if (recipe.train.monitor == recipe::Monitor::epsilon) {
    for (std::uint32_t i : examples.validation) {
      if (!std::isnan(examples.faces[i].age_sigma) && !examples.faces[i].age_range) continue;
      throw base::UsageError(
          "recipe, train.monitor: epsilon needs labels with an age and its deviation for every picture; choose another "
          "quantity to "
          "monitor");
    }
  }
  model.notes["data"] = base::as_utf8(stores.labels());  // may hold names of files
  model.notes["trained on"] = fmt::format("{} pictures", examples.train.size());
  model.notes["validated on"] = validated_on(examples);
  return model;
}

namespace {

void check_stores(const RunFolder& run, const RunMetadata& before, const store::Stores& stores) {
  if (before.stores.size() != stores.count()) {
    throw base::UsageError(fmt::format("{}: was started on {} stores, not {}; name all of them in their order (--data)",
                                       run.path.string(), before.stores.size(), stores.count()));
  }
  for (std::size_t i = 0; i < stores.count(); ++i) {
    if (stores[i].has_content(before.stores[i].content)) continue;
    for (const StoreOfRun& other : before.stores) {
      if (stores[i].has_content(other.content))
        throw base::UsageError(run.path.string() +
                               ": was started on the stores in another order; give each --data as then");
    }
    throw base::file_error(stores[i].file(), "does not hold the pictures and labels that the run " + run.path.string() +
                                                 " was started on (" + before.stores[i].file + "); start a new run");
  }
}

}  // namespace

void settle_metadata(const RunFolder& run, const store::Stores& stores, const estimate::Model* from,
                     const std::string& engine, const std::vector<std::string>& kernels, const Notice& notice) {
  RunMetadata metadata{
      {}, from == nullptr ? "" : base::content_hash(std::as_bytes(std::span(from->parameters))), engine, kernels};
  for (std::size_t i = 0; i < stores.count(); ++i)
    metadata.stores.push_back({std::filesystem::absolute(stores[i].file()).string(), stores[i].content()});
  if (std::filesystem::exists(run.metadata())) {
    RunMetadata before = read_metadata(run);
    check_stores(run, before, stores);
    if (!before.from.empty()) {
      if (!std::filesystem::exists(run.last()) && before.from != metadata.from) {
        throw base::UsageError(run.path.string() +
                               ": was started from other weights and has no checkpoint of its own yet; name them again "
                               "(--from)");
      }
      metadata.from = before.from;
    }
    if (before.engine != metadata.engine || before.kernels != metadata.kernels) {
      say(notice,
          fmt::format("the run was started with the engine '{}' and is resumed with '{}', which may choose other "
                      "kernels: its weights may differ in the last bits from those of an uninterrupted run",
                      before.engine, metadata.engine));
    }
    if (before == metadata) return;
  }
  write_metadata(run, metadata);
}

namespace {

InputSource made_inputs(const TrainTask& task, const Examples& examples, estimate::Model& model,
                        const std::vector<float>& weights, nn::Engine& engine, const TrainHooks& hooks) {
  if (!task.recipe.train.features.empty()) {
    return feature_inputs({task.run, model, weights, task.stores, examples, task.threads}, engine, hooks.stop,
                          hooks.progress);
  }
  if (task.recipe.whiten.method == recipe::Whitening::none)
    return inputs_from_stores(task.recipe, task.stores, examples.faces);
  WhitenedInputs whitened = whitened_inputs(task.run, task.recipe, task.stores, examples, hooks.stop, hooks.progress);
  model.whitening_hash = whitened.hash;
  model.notes["whitening"] =
      fmt::format("fitted on {} of {} training pictures", whitened.fitted_on, examples.train.size());
  say(hooks.notice, "whitening " + model.notes["whitening"]);
  return whitened.source;
}

}  // namespace

InputSource inputs_of(const TrainTask& task, const Examples& examples, estimate::Model& model,
                      const std::vector<float>& weights, nn::Engine& engine, const TrainHooks& hooks) {
  base::Communicator& communicator = task.communicator;
  if (communicator.rank() == 0) {
    InputSource source = made_inputs(task, examples, model, weights, engine, hooks);
    communicator.barrier();
    return source;
  }
  communicator.barrier();
  bool from_run = !task.recipe.train.features.empty() || task.recipe.whiten.method != recipe::Whitening::none;
  if (from_run && !is_run(task.run.path)) {
    throw base::file_error(task.run.path,
                           "the run's folder is not here; all machines must share it where pictures are whitened or "
                           "train.features is set, for what is computed of them lies there");
  }
  return made_inputs(task, examples, model, weights, engine, hooks);
}

namespace {

TrainState read_or_fresh_state(const TrainTask& task, const estimate::Model& model, const Notice& notice) {
  if (std::filesystem::exists(task.run.last())) {
    TrainState state = read_checkpoint(task.run.last(), model);
    cut_log(task.run.log(), state.epoch);
    say(notice, fmt::format("resuming after {} of {} epochs{}", state.epoch, task.recipe.train.epochs,
                            state.step > 0 ? fmt::format(" and {} steps", state.step) : ""));
    return state;
  }
  cut_log(task.run.log(), 0);
  TrainState state = fresh_state(model);
  if (task.from != nullptr) {
    take_weights(*task.from, model, state.weights, notice);
    if (!state.average.empty()) state.average = state.weights;
  }
  return state;
}

}  // namespace

TrainState first_state(const TrainTask& task, const estimate::Model& model, const Notice& notice) {
  TrainState state;
  if (task.communicator.rank() == 0) state = read_or_fresh_state(task, model, notice);
  broadcast_state(task.communicator, state);
  return state;
}

}  // namespace agewise::train
