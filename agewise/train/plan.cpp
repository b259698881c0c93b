#include "agewise/train/plan.h"

#include <algorithm>

#include "agewise/base/files.h"
#include "agewise/nn/cut.h"
#include "agewise/train/features.h"
#include "agewise/train/start.h"
#include "agewise/train/test_network.h"
#include "agewise/train/trainer.h"
#include "agewise/whiten/zca.h"

namespace agewise::train {
namespace {

constexpr int kTimedSteps = 3;
constexpr int kWhitenedToTime = 512;  // pictures

// Seconds of one call, after a first one that warms up.
template <class Work>
double seconds_of(const base::Clock& clock, int times, Work work) {
  work();
  double start = clock();
  for (int i = 0; i < times; ++i) work();
  return (clock() - start) / times;
}

// A batch of the first training pictures, its inputs still to be filled.
Batch first_batch(const recipe::Recipe& recipe, const Examples& examples, int size) {
  Batch batch;
  auto rows = static_cast<std::size_t>(size);
  batch.inputs.resize(rows * input_size(recipe));
  batch.samples = rows_of_batch(examples.train, 0, rows);
  batch.fresh = rows;
  return batch;
}

// Of one batch through the layers up to `layer`.
double seconds_of_features(const estimate::Model& model, int layer, const std::vector<float>& weights,
                           const Batch& batch, nn::Engine& engine, const base::Clock& clock) {
  nn::Graph first = nn::up_to(model.graph, layer);
  std::unique_ptr<nn::Executable> network = engine.compile(first, model.recipe.train.batch, nn::Mode::infer);
  network->set_parameters(
      std::span(weights).first(static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(first)))));
  std::copy(batch.inputs.begin(), batch.inputs.end(), network->input().begin());
  return seconds_of(clock, 1, [&] { network->forward(); });
}

std::uint64_t kept_components(const recipe::Recipe& recipe, std::uint64_t samples, std::uint64_t dimensions) {
  std::uint64_t rank = std::min(samples, dimensions);
  return recipe.whiten.components > 0 ? std::min<std::uint64_t>(rank, recipe.whiten.components) : rank;
}

struct WhiteningCost {
  int samples = 0;
  std::uint64_t memory = 0, disk = 0;  // bytes
};

WhiteningCost whitening_cost(const recipe::Recipe& recipe, const Examples& examples) {
  if (recipe.whiten.method == recipe::Whitening::none) return {};
  std::uint64_t dimensions = input_size(recipe);
  std::uint64_t samples = std::min<std::uint64_t>(examples.train.size(), recipe.whiten.samples);
  std::uint64_t rank = std::min(samples, dimensions), kept = kept_components(recipe, samples, dimensions);
  std::uint64_t transform = kept * dimensions * sizeof(float);
  return {static_cast<int>(samples),
          samples * dimensions * sizeof(float) + 2 * sizeof(double) * rank * rank + transform,
          transform + whitened_file_size(recipe, examples)};
}

// Time grows as m² · (samples + dimensions), m the lesser of the two (whiten/zca.h).
double whitening_work(double samples, double dimensions) {
  double m = std::min(samples, dimensions);
  return m * m * (samples + dimensions);
}

// Pictures are read by one thread then.
double whitening_seconds(const recipe::Recipe& recipe, const Examples& examples, const InputSource& source, int samples,
                         const base::Clock& clock) {
  Batch few = first_batch(recipe, examples, std::min(samples, kWhitenedToTime));
  double reading = clock();
  fill_inputs(source, /*epoch=*/0, /*threads=*/1, few);
  reading = clock() - reading;
  auto dimensions = static_cast<int>(input_size(recipe));
  auto count = static_cast<double>(few.samples.size());
  std::vector<float> fitted = few.inputs;
  double start = clock();
  whiten::Zca zca = whiten::fit_zca(fitted, dimensions, recipe.whiten, base::StopFlag{false});
  double fit = (clock() - start) * whitening_work(samples, dimensions) / whitening_work(count, dimensions);
  start = clock();
  whiten::apply_zca(zca, few.inputs);
  double more_components = std::max(1.0, kept_components(recipe, samples, dimensions) / double(zca.components()));
  double apply = (clock() - start) / count * more_components;
  double read = reading / count;  // a picture
  auto pictures = static_cast<double>(examples.train.size() + examples.validation.size());
  return fit + samples * read + pictures * (apply + read);
}

// A step of another recipe's network on pictures of nothing, a picture. Colours and faces cost it the same.
double seconds_a_picture(const recipe::Recipe& other, const store::Stores& stores, const Examples& examples,
                         nn::Engine& engine, const base::Clock& clock) {
  estimate::Model model = untrained_model(other, stores, examples);
  Trainer trainer(model, engine);
  trainer.set_state(fresh_state(model));
  Batch batch = first_batch(other, examples, other.train.batch);
  std::vector<nn::Target> all = targets_of(examples, other.train), targets;
  for (std::uint32_t sample : batch.samples) targets.push_back(all[sample]);
  return seconds_of(clock, 1, [&] { trainer.step(batch, targets, /*epoch=*/1, other.train.learning_rate); }) /
         other.train.batch;
}

bool is_vgg(const nn::Graph& graph) {
  return std::ranges::any_of(graph.layers, [](const nn::Layer& layer) { return layer.name == "pool5"; });
}

void tell_cheaper_ways(TrainPlan& plan, const recipe::Recipe& recipe, const nn::Graph& graph, double seconds_a_test,
                       const store::Stores& stores, const Examples& examples, nn::Engine& engine,
                       const base::Clock& clock) {
  auto pictures = static_cast<double>(examples.train.size());
  recipe::Recipe compact = recipe::load_recipe("compact");
  if (recipe.name != compact.name) {
    double a_picture = seconds_a_picture(compact, stores, examples, engine, clock);
    plan.compact_seconds = a_picture * pictures * compact.train.epochs;
  }
  if (is_vgg(graph) && recipe.train.features.empty())
    plan.frozen_layers_seconds = seconds_a_test / recipe.train.batch * (pictures + double(examples.validation.size()));
}

}  // namespace

TrainPlan plan_training(const recipe::Recipe& recipe, const store::Stores& stores, const std::filesystem::path& run,
                        nn::Engine& engine, const base::Clock& clock, int threads) {
  Examples examples = examples_of(stores);
  estimate::Model model = untrained_model(recipe, stores, examples);
  int first_layer = feature_layer(recipe, model.graph);
  Trainer trainer(model, engine, first_layer);
  TestNetwork tester(recipe, model.graph, engine, first_layer);
  TrainState state = fresh_state(model);
  trainer.set_state(state);
  tester.set_parameters(state.weights);
  Batch batch = first_batch(recipe, examples, recipe.train.batch);
  std::vector<nn::Target> all = targets_of(examples, recipe.train), targets;
  for (std::uint32_t sample : batch.samples) targets.push_back(all[sample]);

  TrainPlan plan;
  plan.training_pictures = static_cast<std::int64_t>(examples.train.size());
  plan.validation_pictures = static_cast<std::int64_t>(examples.validation.size());
  plan.validation_part = examples.validation_part;
  plan.parameters = static_cast<std::int64_t>(state.weights.size());
  // Not whitened: pixels cost the network the same.
  InputSource source = inputs_from_stores(recipe, stores, examples.faces);
  double seconds_a_batch = seconds_of(clock, kTimedSteps, [&] { fill_inputs(source, /*epoch=*/1, threads, batch); });
  plan.pictures_a_second = recipe.train.batch / std::max(1e-9, seconds_a_batch);
  if (first_layer > 0) {
    double seconds = seconds_of_features(model, first_layer, state.weights, batch, engine, clock);
    std::uint64_t rows = feature_bytes(model, examples) / (trainer.input_size() * sizeof(float));
    auto pictures = static_cast<double>(rows);
    plan.feature_seconds = pictures / recipe.train.batch * std::max(seconds, seconds_a_batch);
    batch.inputs.assign(batch.samples.size() * trainer.input_size(), 0);
    seconds_a_batch = 0;  // read from a file
  }
  plan.seconds_a_step =
      seconds_of(clock, kTimedSteps, [&] { trainer.step(batch, targets, /*epoch=*/1, recipe.train.learning_rate); });
  double seconds_a_test = seconds_of(clock, 1, [&] { tester.outputs(batch); });
  auto rows = static_cast<std::size_t>(recipe.train.batch);
  auto steps = static_cast<double>(batches_in(epoch_order(examples, recipe.train, 1).size(), rows));
  if (recipe.whiten.method == recipe::Whitening::none)
    plan.wait_seconds = steps * std::max(0.0, seconds_a_batch - plan.seconds_a_step);
  plan.seconds_an_epoch = plan.seconds_a_step * steps + plan.wait_seconds +
                          seconds_a_test * static_cast<double>(batches_in(examples.validation.size(), rows));

  WhiteningCost whitening = whitening_cost(recipe, examples);
  std::uint64_t model_bytes = state.weights.size() * sizeof(float);
  std::uint64_t state_bytes = model_bytes * (1 + state.optimiser.size() + (state.average.empty() ? 0 : 1));
  std::uint64_t batches = 3 * batch.inputs.size() * sizeof(float);
  plan.memory = trainer.memory_bytes() + tester.memory_bytes() + state_bytes + std::max(batches, whitening.memory);
  plan.disk = whitening.disk + feature_bytes(model, examples) + 2 * state_bytes +
              2 * model_bytes;  // each checkpoint lies twice while it is replaced
  plan.disk_free = base::free_disk_space(run);
  plan.whitened_on = whitening.samples;
  if (plan.whitened_on > 0) {
    plan.whitening_seconds = whitening_seconds(recipe, examples, source, plan.whitened_on, clock);
  }
  plan.seconds = plan.whitening_seconds + plan.feature_seconds + plan.seconds_an_epoch * recipe.train.epochs;
  if (plan.seconds > kLongRun)
    tell_cheaper_ways(plan, recipe, model.graph, seconds_a_test, stores, examples, engine, clock);
  return plan;
}

}  // namespace agewise::train
