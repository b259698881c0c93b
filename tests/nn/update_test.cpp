// What every engine must do with its gradients: sum them over processes if told to, then step as PyTorch does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agewise/nn/build.h"
#include "agewise/nn/optimiser.h"
#include "tests/base/crew.h"
#include "tests/nn/cases.h"
#include "tests/nn/engines.h"
#include "tests/nn/golden.h"

namespace agewise::nn {
namespace {

using Numbers = std::vector<float>;

class UpdateConformance : public testing::TestWithParam<EngineUnderTest> {
 protected:
  std::unique_ptr<Engine> engine_ = GetParam().make();
};

std::vector<std::uint32_t> rows_from(std::uint32_t first, int count) {
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

void expect_close(const Numbers& found, const Numbers& expected, float tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], tolerance) << i;
}

// Rows `first` … of a batch whose pictures and output gradients are drawn by `key`, forward and backward.
void run_rows(Executable& network, int first, int count, std::uint64_t key) {
  auto rows_of = [&](std::uint64_t number, std::span<float> to) {
    Numbers all = golden_numbers(number, to.size() / static_cast<std::size_t>(count) * 16);
    std::size_t begin = to.size() / static_cast<std::size_t>(count) * static_cast<std::size_t>(first);
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(begin), to.size(), to.begin());
  };
  rows_of(500 + key, network.input());
  std::vector<std::uint32_t> rows = rows_from(static_cast<std::uint32_t>(first), count);
  network.forward({3, 1, rows});
  rows_of(600 + key, network.output_gradient());
  network.backward();
}

// One fully connected layer 2 → 3 without bias: six weights. Two rows that are the unit vectors: the gradient of a
// weight is one number of the output's gradient.
Graph six_weights() {
  Graph graph;
  graph.layers.push_back({"input", layer::Input{{2, 1, 1}}, {}, {2, 1, 1}});
  graph.layers.push_back({"fc", layer::FullyConnected{3, false, Initial::he_normal}, {0}, {3, 1, 1}});
  graph.inputs = {0};
  graph.outputs = {1};
  return graph;
}

void drive(Executable& network, const Numbers& gradient) {
  const Numbers unit{1, 0, 0, 1};
  std::copy(unit.begin(), unit.end(), network.input().begin());
  network.forward();
  for (std::size_t output = 0; output < 3; ++output) {
    for (std::size_t input = 0; input < 2; ++input)
      network.output_gradient()[input * 3 + output] = gradient[output * 2 + input];
  }
  network.backward();
}

Numbers after_five_steps(Engine& engine, const Graph& graph, const UpdateRule& rule) {
  std::unique_ptr<Executable> network = engine.compile(graph, 2, Mode::train, {.rule = rule});
  network->set_parameters(golden_numbers(7, 6));
  for (std::uint64_t step = 0; step < 5; ++step) {
    drive(*network, golden_numbers(100 + step, 6));
    network->update(1e-2);
  }
  return array_of(*network, Array::parameters, graph);
}

// An epsilon large enough to show where it stands: outside the root.
TEST_P(UpdateConformance, each_rule_steps_as_in_pytorch) {
  for (const auto& [name, rule] : {std::pair{"rmsprop", UpdateRule{optimiser::RmsProp{0.9, 0.01}, 0.01}},
                                   {"sgd", UpdateRule{optimiser::Sgd{0.9}, 0.01}},
                                   {"adamw", UpdateRule{optimiser::AdamW{0.9, 0.999, 0.01}, 0.01}}}) {
    Numbers found = after_five_steps(*engine_, six_weights(), rule);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], golden(name)[i], 1e-6) << name << " " << i;
  }
}

TEST_P(UpdateConformance, an_lr_multiplier_of_zero_holds_a_layer_still) {
  Graph graph = six_weights();
  graph.layers[1].lr_multiplier = 0;
  EXPECT_EQ(after_five_steps(*engine_, graph, {optimiser::Sgd{}, 0.01}), golden_numbers(7, 6));
}

// Two steps of every kind of layer, with rate factors and weight decay; what SGD makes of the gradients, element by
// element: v = 0.9 v + g + 0.01 w, of weights alone the last; w -= 0.1 · factor · v; average = (3 average + w) / 4.
TEST_P(UpdateConformance, each_parameter_moves_by_its_own_rate_and_decay) {
  for (auto& [name, graph] : layer_cases()) {
    if (graph.inputs.size() > 1 || graph.outputs.size() > 1) continue;
    SCOPED_TRACE(name);
    for (std::size_t i = 0; i < graph.layers.size(); ++i) {
      graph.layers[i].lr_multiplier = i % 3 == 0 ? 0 : 0.5;
      graph.layers[i].bias_lr_multiplier = i % 3 == 1 ? 0 : 2;
    }
    std::vector<ParameterInfo> infos = parameters_of(graph);
    std::unique_ptr<Executable> network =
        engine_->compile(graph, 3, Mode::train, {.rule = UpdateRule{optimiser::Sgd{0.9}, 0.01, 0.75}});
    network->set_parameters(golden_parameters(graph));
    Numbers velocity(golden_parameters(graph).size()), average = golden_numbers(31, velocity.size());
    network->set(Array::average, average);
    for (std::uint64_t step = 0; step < 2; ++step) {
      run_rows(*network, 0, 3, step);
      Numbers expected = array_of(*network, Array::parameters, graph);  // running statistics have moved
      Numbers gradients = array_of(*network, Array::gradients, graph);
      std::size_t i = 0;
      for (const ParameterInfo& info : infos) {
        for (std::size_t end = i + static_cast<std::size_t>(info.size()); i < end; ++i) {
          if (info.trained && info.lr_multiplier != 0) {
            velocity[i] = 0.9F * velocity[i] + gradients[i] + (info.decayed ? 0.01F * expected[i] : 0);
            expected[i] -= static_cast<float>(0.1 * info.lr_multiplier) * velocity[i];
          }
          average[i] = (3 * average[i] + expected[i]) / 4;
        }
      }
      network->update(0.1);
      expect_close(array_of(*network, Array::parameters, graph), expected, 1e-5F);
      expect_close(array_of(*network, Array::average, graph), average, 1e-5F);
      expect_close(array_of(*network, Array::first_buffer, graph), velocity, 1e-5F);
    }
  }
}

const std::vector<UpdateRule>& rules_with_average() {
  static const std::vector<UpdateRule> rules{{optimiser::Sgd{}, 0.01, 0.5},
                                             {optimiser::RmsProp{0.9, 1e-3}, 0.01, 0.5},
                                             {optimiser::AdamW{0.9, 0.999, 1e-3}, 0.01, 0.5}};
  return rules;
}

std::vector<Array> arrays_of(const UpdateRule& rule) {
  std::vector<Array> arrays{Array::parameters, Array::average};
  for (std::size_t i = 0; i < buffer_names(rule).size(); ++i) arrays.push_back(optimiser_buffer(i));
  return arrays;
}

std::vector<Numbers> everything_in(Executable& network, const UpdateRule& rule, const Graph& graph) {
  std::vector<Numbers> all;
  for (Array array : arrays_of(rule)) all.push_back(array_of(network, array, graph));
  return all;
}

void steps(Executable& network, int from, int to) {
  for (int step = from; step < to; ++step) {
    run_rows(network, 0, 4, static_cast<std::uint64_t>(step));
    network.update(0.01);
  }
}

void hand_over(Executable& from, Executable& to, const UpdateRule& rule, const Graph& graph) {
  for (Array array : arrays_of(rule)) to.set(array, array_of(from, array, graph));
  to.set_updates(from.updates());
}

// What a checkpoint does: two steps, everything out and into another executable, two more.
TEST_P(UpdateConformance, a_run_goes_on_from_its_arrays_to_the_same_bits) {
  Graph graph = article_case().graph;
  for (const UpdateRule& rule : rules_with_average()) {
    std::unique_ptr<Executable> whole = engine_->compile(graph, 4, Mode::train, {.rule = rule}),
                                first = engine_->compile(graph, 4, Mode::train, {.rule = rule}),
                                second = engine_->compile(graph, 4, Mode::train, {.rule = rule});
    whole->set_parameters(golden_parameters(graph));
    first->set_parameters(golden_parameters(graph));
    steps(*whole, 0, 4);
    steps(*first, 0, 2);
    hand_over(*first, *second, rule, graph);
    steps(*second, 2, 4);
    EXPECT_EQ(second->updates(), 4);
    EXPECT_EQ(everything_in(*second, rule, graph), everything_in(*whole, rule, graph)) << rule.kind.index();
  }
}

// Sums of floats in another order; where a ReLU or a pool decides otherwise, a gradient differs.
TEST_P(UpdateConformance, a_run_that_the_reference_engine_began_goes_on_here) {
  Graph graph = article_case().graph;
  std::unique_ptr<Engine> reference = make_reference_engine();
  for (const UpdateRule& rule : rules_with_average()) {
    std::unique_ptr<Executable> theirs = reference->compile(graph, 4, Mode::train, {.rule = rule}),
                                ours = engine_->compile(graph, 4, Mode::train, {.rule = rule});
    theirs->set_parameters(golden_parameters(graph));
    steps(*theirs, 0, 2);
    hand_over(*theirs, *ours, rule, graph);
    EXPECT_EQ(everything_in(*ours, rule, graph), everything_in(*theirs, rule, graph));
    steps(*theirs, 2, 3);
    steps(*ours, 2, 3);
    expect_close(array_of(*ours, Array::parameters, graph), array_of(*theirs, Array::parameters, graph), 2e-3F);
  }
}

TEST_P(UpdateConformance, what_is_not_there_is_refused) {
  Graph graph = six_weights();
  std::unique_ptr<Executable> infer = engine_->compile(graph, 2, Mode::infer, {.rule = UpdateRule{}}),
                              bare = engine_->compile(graph, 2, Mode::train),
                              sgd = engine_->compile(graph, 2, Mode::train, {.rule = UpdateRule{}});
  Numbers six(6), five(5);
  EXPECT_THROW(infer->update(0.1), std::logic_error);
  EXPECT_THROW(infer->get(Array::parameters, six), std::logic_error);
  EXPECT_THROW(infer->set_updates(1), std::logic_error);
  EXPECT_THROW(bare->update(0.1), std::logic_error);
  EXPECT_THROW(bare->get(Array::first_buffer, six), std::logic_error);
  EXPECT_THROW(sgd->get(Array::second_buffer, six), std::logic_error);
  EXPECT_THROW(sgd->set(Array::average, six), std::logic_error);
  EXPECT_THROW(sgd->set(Array::gradients, six), std::logic_error);
  EXPECT_THROW(sgd->set(Array::first_buffer, five), std::invalid_argument);
  EXPECT_THROW(sgd->get(Array::parameters, five), std::invalid_argument);
}

// Adds nothing up: writes down what it is asked.
class Recorder : public GradientReducer {
 public:
  struct Event {
    bool start;
    int bucket;
    friend bool operator==(const Event&, const Event&) = default;
  };

  void start(int bucket, std::span<float> gradients) override {
    events.push_back({true, bucket});
    if (bucket == static_cast<int>(buckets.size())) buckets.push_back(gradients);
    when_started.emplace_back(gradients.begin(), gradients.end());
    if (bucket == 0) last_at_first.assign(buckets.back().begin(), buckets.back().end());
  }
  void wait(int bucket) override {
    events.push_back({false, bucket});
    if (factor != 1)
      std::transform(buckets[bucket].begin(), buckets[bucket].end(), buckets[bucket].begin(),
                     [&](float g) { return factor * g; });
  }
  void sum(std::span<double> /*values*/) override {}

  std::vector<Event> events;
  std::vector<std::span<float>> buckets;  // of the first step
  std::vector<Numbers> when_started;
  Numbers last_at_first;  // what the last bucket's place holds when the first bucket is complete
  float factor = 1;
};

std::vector<Recorder::Event> step_of(int buckets) {
  std::vector<Recorder::Event> events;
  for (bool start : {true, false}) {
    for (int i = 0; i < buckets; ++i) events.push_back({start, i});
  }
  return events;
}

TEST_P(UpdateConformance, a_bucket_is_complete_when_it_is_given_and_earlier_layers_are_still_computed) {
  Graph graph = article_case().graph;
  Recorder reducer;
  std::unique_ptr<Executable> network =
      engine_->compile(graph, 4, Mode::train, {.rule = UpdateRule{}, .reducer = &reducer, .bucket_bytes = 1});
  network->set_parameters(golden_parameters(graph));
  for (std::uint64_t step = 0; step < 2; ++step) {
    reducer.events.clear();
    reducer.when_started.clear();
    run_rows(*network, 0, 4, step);
    for (std::size_t i = 0; i < reducer.buckets.size(); ++i)
      EXPECT_EQ(reducer.when_started[i], Numbers(reducer.buckets[i].begin(), reducer.buckets[i].end())) << i;
    EXPECT_NE(reducer.last_at_first, reducer.when_started.back());
    network->update(0.1);
    EXPECT_EQ(reducer.events, step_of(static_cast<int>(reducer.buckets.size())));
  }
}

TEST_P(UpdateConformance, buckets_hold_all_that_learns_once_and_nothing_that_is_held_still) {
  Graph graph = article_case().graph;
  auto learned = [&] {
    std::int64_t count = 0;
    for (const ParameterInfo& info : parameters_of(graph))
      count += info.trained && info.lr_multiplier != 0 ? info.size() : 0;
    return static_cast<std::size_t>(count);
  };
  for (bool hold : {false, true}) {
    if (hold) graph.layers[1].lr_multiplier = graph.layers[1].bias_lr_multiplier = 0;
    for (std::size_t bytes : {std::size_t{1}, std::size_t{2000}, std::size_t{1} << 30}) {
      Recorder reducer;
      std::unique_ptr<Executable> network =
          engine_->compile(graph, 4, Mode::train, {.rule = UpdateRule{}, .reducer = &reducer, .bucket_bytes = bytes});
      network->set_parameters(golden_parameters(graph));
      run_rows(*network, 0, 4, 0);
      std::size_t floats = 0;
      for (std::size_t i = 0; i < reducer.buckets.size(); ++i) {
        floats += reducer.buckets[i].size();
        if (i + 1 == reducer.buckets.size()) break;
        EXPECT_GE(reducer.buckets[i].size_bytes(), bytes);
        EXPECT_LE(reducer.buckets[i + 1].data() + reducer.buckets[i + 1].size(), reducer.buckets[i].data());
      }
      std::size_t padding = 16 * parameters_of(graph).size() + 4000;
      EXPECT_GE(floats, learned());
      EXPECT_LE(floats, learned() + padding);
      network->update(0.1);
    }
  }
}

// A factor of 2 in wait(): as of a second process with the same rows.
TEST_P(UpdateConformance, sums_are_complete_before_anyone_sees_or_overwrites_them) {
  Graph graph = six_weights();
  Recorder reducer;
  reducer.factor = 2;
  std::unique_ptr<Executable> network =
      engine_->compile(graph, 2, Mode::train, {.rule = UpdateRule{optimiser::Sgd{0}}, .reducer = &reducer});
  network->set_parameters(Numbers(6));
  EXPECT_THROW(network->update(1), std::logic_error);
  Numbers gradient{1, 2, 3, 4, 5, 6}, twice{2, 4, 6, 8, 10, 12}, down{-2, -4, -6, -8, -10, -12};
  drive(*network, Numbers(6, 9));
  drive(*network, gradient);
  EXPECT_EQ(reducer.events, (std::vector<Recorder::Event>{{true, 0}, {false, 0}, {true, 0}}));
  EXPECT_EQ(array_of(*network, Array::gradients, graph), twice);
  network->update(1);
  EXPECT_EQ(array_of(*network, Array::parameters, graph), down);
  EXPECT_THROW(network->update(1), std::logic_error);
  drive(*network, gradient);
  network.reset();
  EXPECT_EQ(reducer.events.size(), 6U);
  EXPECT_EQ(reducer.events.back(), (Recorder::Event{false, 0}));
}

// Two processes, one after the other: the second's wait() finds both at hand.
struct Meeting {
  std::vector<std::span<float>> buckets[2];
  std::vector<bool> added;
};

class Half : public GradientReducer {
 public:
  Half(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}
  void start(int bucket, std::span<float> gradients) override {
    auto at = static_cast<std::size_t>(bucket);
    if (at == 0) meeting_.buckets[rank_].clear(), meeting_.added.clear();
    meeting_.buckets[rank_].push_back(gradients);
    meeting_.added.push_back(false);
  }
  void wait(int bucket) override {
    auto at = static_cast<std::size_t>(bucket);
    if (meeting_.added[at]) return;
    std::span<float> a = meeting_.buckets[0][at], b = meeting_.buckets[1][at];
    ASSERT_EQ(a.size(), b.size());
    std::transform(a.begin(), a.end(), b.begin(), a.begin(), std::plus<>());
    std::copy(a.begin(), a.end(), b.begin());
    meeting_.added[at] = true;
  }
  void sum(std::span<double> /*values*/) override {}

 private:
  Meeting& meeting_;
  int rank_;
};

Graph without_normalisation() {
  recipe::Recipe recipe =
      recipe::parse_recipe(R"(network.layers = [{kind = "convolution", channels = 18, kernel = 3}, {kind = "relu"},
    {kind = "max-pool", kernel = 2}, {kind = "dropout", rate = 0.3}, {kind = "convolution", channels = 20, kernel = 3},
    {kind = "relu"}, {kind = "fully-connected", outputs = 10}, {kind = "relu"}, {kind = "fully-connected", outputs = 3}])",
                           "two processes");
  return build_graph(recipe.network, 3, 12, 3);
}

TEST_P(UpdateConformance, two_processes_with_half_of_the_rows_learn_what_one_learns) {
  Graph graph = without_normalisation();
  for (std::size_t bytes : {std::size_t{1}, std::size_t{1} << 20}) {
    for (const UpdateRule& rule : rules_with_average()) {
      Meeting meeting;
      Half of_first(meeting, 0), of_second(meeting, 1);
      std::unique_ptr<Executable> alone = engine_->compile(graph, 4, Mode::train, {.rule = rule}),
                                  first = engine_->compile(graph, 2, Mode::train, {rule, &of_first, bytes}),
                                  second = engine_->compile(graph, 2, Mode::train, {rule, &of_second, bytes});
      for (Executable* network : {alone.get(), first.get(), second.get()})
        network->set_parameters(golden_parameters(graph));
      for (std::uint64_t step = 0; step < 3; ++step) {
        run_rows(*alone, 0, 4, step);
        run_rows(*first, 0, 2, step);
        run_rows(*second, 2, 2, step);
        for (Executable* network : {alone.get(), first.get(), second.get()}) network->update(0.01);
      }
      EXPECT_EQ(everything_in(*first, rule, graph), everything_in(*second, rule, graph));
      expect_close(array_of(*first, Array::parameters, graph), array_of(*alone, Array::parameters, graph), 1e-4F);
    }
  }
}

class OverCrew : public GradientReducer {
 public:
  explicit OverCrew(base::Communicator& communicator) : communicator_(communicator) {}
  void start(int /*bucket*/, std::span<float> gradients) override { communicator_.start_sum(gradients); }
  void wait(int /*bucket*/) override { communicator_.finish_sum(); }
  void sum(std::span<double> values) override { communicator_.sum(values); }

 private:
  base::Communicator& communicator_;
};

// Normalisation of the input, of vectors, with and without ReLU, and the stem that one process fuses.
TEST_P(UpdateConformance, processes_that_share_statistics_learn_what_one_learns_and_keep_its_running_statistics) {
  Graph graph =
      build_graph(recipe::parse_recipe(
                      R"(network.layers = [{kind = "convolution", channels = 18, kernel = 3}, {kind = "batch-norm"},
    {kind = "relu"}, {kind = "max-pool", kernel = 2}, {kind = "dropout", rate = 0.3}, {kind = "convolution", channels = 20, kernel = 3},
    {kind = "batch-norm"}, {kind = "fully-connected", outputs = 10}, {kind = "batch-norm"}, {kind = "relu"},
    {kind = "fully-connected", outputs = 3}])",
                      "processes")
                      .network,
                  1, 12, 3);
  UpdateRule rule{optimiser::Sgd{0.9}};
  std::unique_ptr<Executable> alone = engine_->compile(graph, 6, Mode::train, {.rule = rule});
  alone->set_parameters(golden_parameters(graph));
  for (std::uint64_t step = 0; step < 3; ++step) {
    run_rows(*alone, 0, 6, step);
    alone->update(0.01);
  }
  Numbers expected = array_of(*alone, Array::parameters, graph);
  for (int size : {2, 3}) {
    std::vector<Numbers> found(static_cast<std::size_t>(size));
    base::Crew(size).run([&](base::Communicator& communicator) {
      OverCrew reducer(communicator);
      std::unique_ptr<Engine> engine = GetParam().make();
      int rows = 6 / size, rank = communicator.rank();
      std::unique_ptr<Executable> network =
          engine->compile(graph, rows, Mode::train, {.rule = rule, .reducer = &reducer, .sync_batch_norm = true});
      network->set_parameters(golden_parameters(graph));
      for (std::uint64_t step = 0; step < 3; ++step) {
        run_rows(*network, rank * rows, rows, step);
        network->update(0.01);
      }
      found[static_cast<std::size_t>(rank)] = array_of(*network, Array::parameters, graph);
    });
    for (const Numbers& one : found) EXPECT_EQ(one, found.front());
    expect_close(found.front(), expected, 1e-4F);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, UpdateConformance, testing::ValuesIn(engines_under_test()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace agewise::nn
