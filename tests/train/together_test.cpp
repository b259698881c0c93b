#include "agewise/train/together.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/train/log.h"
#include "agewise/train/session.h"
#include "tests/base/crew.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// What `size` processes make of `folder`/faces.db by this recipe, in `folder`/`run`. Process 0
// stops before step `stop_at` of this call.
std::vector<EpochRecord> train_by(int size, const tiny::Folder& folder, const std::string& run,
                                  const std::vector<std::string>& assignments = {}, int stop_at = -1) {
  base::Crew(size).run([&](base::Communicator& communicator) {
    TrainRequest request{folder / run, {folder / "faces.db"}};
    request.assignments = assignments;
    Session session(request, communicator);
    base::StopFlag stop{false};
    int steps = 0;
    double seconds = 0;
    TrainHooks hooks{stop, {}, [&] { return ++seconds; }, {}, {}};
    if (communicator.rank() == 0)
      hooks.progress = [&](const base::Progress& progress) {
        if (progress.what.rfind("epoch", 0) == 0 && ++steps == stop_at) stop = true;
      };
    session.train(*nn::make_cpu_engine({.threads = 1}), 1, hooks);
  });
  return read_log(folder / run / "log.jsonl");
}

std::vector<std::byte> checkpoint(const tiny::Folder& folder, const std::string& run) {
  return base::read_file(folder / run / "last.safetensors", 1 << 20);
}

recipe::Recipe without_normalisation() {
  recipe::Recipe recipe = tiny::recipe();
  std::erase_if(recipe.network.layers, [](const recipe::LayerRecipe& layer) { return layer.kind == "batch-norm"; });
  return recipe;
}

// Batches of 12, which 1, 2, 3 and 4 processes divide; 30 pictures make 3 steps an epoch; 7 epochs are 21 steps.
class Together : public testing::Test {
 protected:
  Together() {
    recipe::Recipe recipe = without_normalisation();
    recipe.network.scale = 0.004;
    recipe.train.optimiser = recipe::Optimiser::sgd;  // which, unlike RMSprop, knows how large a gradient is
    recipe.train.learning_rate = 0.01;
    recipe.train.batch = 12;
    recipe.train.epochs = 7;
    recipe.augment.mirror = true;
    recipe.augment.rotate = 10;
    tiny::make_store(folder_ / "faces.db", {}, recipe);
  }
  tiny::Folder folder_;
};

void expect_alike(const std::vector<EpochRecord>& found, const std::vector<EpochRecord>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(found[i].train.loss, expected[i].train.loss, 1e-5) << i;
    EXPECT_NEAR(found[i].validation.loss, expected[i].validation.loss, 1e-5) << i;
    EXPECT_NEAR(found[i].train.mae, expected[i].train.mae, 1e-3) << i;
    EXPECT_EQ(found[i].validation.accuracy, expected[i].validation.accuracy) << i;
  }
}

TEST_F(Together, two_three_and_four_processes_learn_what_one_learns) {
  std::vector<EpochRecord> alone = train_by(1, folder_, "alone");
  for (int size : {2, 3, 4}) expect_alike(train_by(size, folder_, "by" + std::to_string(size)), alone);
}

TEST_F(Together, whitened_pictures_features_and_averages_are_those_of_one) {
  int number = 0;
  for (const std::vector<std::string>& keys :
       {std::vector<std::string>{"whiten.method=zca", "augment.mirror=false", "augment.rotate=0"},
        {"train.ema_decay=0.9"},
        {"train.frozen=[\"conv\"]", "train.features=conv"}}) {
    std::string run = std::to_string(++number);
    std::vector<EpochRecord> alone = train_by(1, folder_, "alone" + run, keys);
    expect_alike(train_by(3, folder_, "by3" + run, keys), alone);
  }
}

// 8 rows for 3 processes: 3, 3 and 2, and one that weighs nothing; for 5 the last has none.
TEST_F(Together, a_batch_that_does_not_divide_gives_the_same_network) {
  std::vector<EpochRecord> alone = train_by(1, folder_, "alone", {"train.batch=8"});
  for (int size : {3, 5}) expect_alike(train_by(size, folder_, "by" + std::to_string(size), {"train.batch=8"}), alone);
}

// Each gradient loses what is beyond 8 bits: after 21 steps the loss is another, but not by much.
TEST_F(Together, gradients_sent_in_half_the_bytes_teach_nearly_the_same) {
  std::vector<std::string> half{"train.exchange=bfloat16"};
  std::vector<EpochRecord> whole = train_by(3, folder_, "whole"), rounded = train_by(3, folder_, "rounded", half);
  ASSERT_EQ(rounded.size(), whole.size());
  EXPECT_NE(rounded.back().train.loss, whole.back().train.loss);
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(rounded[i].train.loss, whole[i].train.loss, 5e-3) << i;
  train_by(3, folder_, "again", half);
  EXPECT_EQ(checkpoint(folder_, "again"), checkpoint(folder_, "rounded"));
  train_by(1, folder_, "alone");
  train_by(1, folder_, "alone-too", half);
  EXPECT_EQ(read_log(folder_ / "alone-too/log.jsonl").back().train.loss,
            read_log(folder_ / "alone/log.jsonl").back().train.loss)
      << "a process by itself sends nothing";
}

TEST_F(Together, the_same_number_of_processes_gives_the_same_bits_stopped_and_resumed_or_not) {
  train_by(3, folder_, "whole");
  train_by(3, folder_, "again");
  EXPECT_EQ(checkpoint(folder_, "again"), checkpoint(folder_, "whole"));
  for (int stop_at : {1, 3, 5}) {
    std::string run = "stopped" + std::to_string(stop_at);
    EXPECT_THROW(train_by(3, folder_, run, {}, stop_at), base::Interrupted);
    train_by(3, folder_, run);
    EXPECT_EQ(checkpoint(folder_, run), checkpoint(folder_, "whole")) << stop_at;
  }
}

TEST_F(Together, any_number_of_processes_resumes_what_others_began) {
  std::vector<EpochRecord> alone = train_by(1, folder_, "alone");
  EXPECT_THROW(train_by(4, folder_, "run", {}, 5), base::Interrupted);
  EXPECT_THROW(train_by(1, folder_, "run", {}, 4), base::Interrupted);
  expect_alike(train_by(2, folder_, "run"), alone);
}

TEST_F(Together, synchronised_normalisation_learns_what_one_process_learns) {
  recipe::Recipe recipe = tiny::recipe();
  recipe.network.scale = 0.004;
  recipe.train.optimiser = recipe::Optimiser::sgd;
  recipe.train.learning_rate = 0.01;
  recipe.train.batch = 12;
  recipe.train.epochs = 7;
  recipe.train.sync_batch_norm = true;
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db", {}, recipe);
  std::vector<EpochRecord> alone = train_by(1, folder, "alone");
  for (int size : {2, 3, 4}) expect_alike(train_by(size, folder, "by" + std::to_string(size)), alone);
  EXPECT_THAT(error_of<base::UsageError>([&] { train_by(5, folder, "by5"); }),
              AllOf(HasSubstr("12 is not a multiple of 5"), HasSubstr("set train.batch=15")));
}

TEST_F(Together, the_log_tells_of_the_processes_and_of_the_time_that_they_waited_for_each_other) {
  EpochRecord record = train_by(2, folder_, "run").back();
  EXPECT_EQ(record.processes, 2);
  // By a clock that is a second later each time: each of three steps waits for gradients and for scores.
  EXPECT_GE(record.exchange_seconds, 6);
  EXPECT_LT(record.exchange_seconds, record.seconds);
  train_by(1, folder_, "alone");
  EXPECT_EQ(base::read_text_file(folder_ / "alone" / "log.jsonl", 1 << 20).find("processes"), std::string::npos);
}

// Each normalises its rows by their own statistics, but what is validated and kept are the first one's.
TEST_F(Together, with_normalisation_the_same_number_of_processes_gives_the_same_bits_stopped_or_not) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  std::vector<EpochRecord> whole = train_by(2, folder, "whole");
  EXPECT_LT(whole.back().train.loss, whole.front().train.loss);
  EXPECT_THROW(train_by(2, folder, "stopped", {}, 6), base::Interrupted);
  train_by(2, folder, "stopped");
  EXPECT_EQ(checkpoint(folder, "stopped"), checkpoint(folder, "whole"));
}

TEST_F(Together, several_networks_are_the_work_of_one_process) {
  auto ensemble = [&] {
    base::Crew(2).run([&](base::Communicator& communicator) {
      TrainRequest request{folder_ / "run", {folder_ / "faces.db"}};
      request.multirun = MultirunShape{MultirunKind::ensemble, 2};
      Session(request, communicator);
    });
  };
  EXPECT_THAT(error_of<base::UsageError>(ensemble), HasSubstr("without mpirun"));
}

// Which pictures a member trains on, and from which weights, is the same on each of the processes.
TEST_F(Together, a_member_of_an_ensemble_learns_what_it_learns_from_one_process) {
  auto train = [&](int size, const std::string& run) {
    base::Crew(size).run([&](base::Communicator& communicator) {
      TrainRequest request{folder_ / run, {folder_ / "faces.db"}};
      request.multirun = MultirunShape{MultirunKind::ensemble, 3, 2};
      Session session(request, communicator);
      base::StopFlag stop{false};
      session.train(*nn::make_reference_engine(), 1, {stop, {}, [] { return 0.0; }, {}, {}});
    });
    return read_log(folder_ / run / "log.jsonl");
  };
  expect_alike(train(2, "two"), train(1, "one"));
}

TEST(CheckSame, names_the_machine_that_differs) {
  auto differ = [] {
    base::Crew(3).run([](base::Communicator& communicator) {
      check_same(communicator, communicator.rank() == 2 ? "b" : "a", "the store faces.db", "copy it");
    });
  };
  EXPECT_EQ(error_of<base::UsageError>(differ),
            "the store faces.db is another on host2 (process 2) than on host0: copy it");
}

// 128 rows: 43, 43 and 42.
TEST(Share, cuts_a_batch_evenly_and_the_last_gets_what_is_left) {
  std::vector<std::size_t> own(3), first(3), rows(3);
  base::Crew(3).run([&](base::Communicator& communicator) {
    Share share = share_of(128, communicator);
    auto rank = static_cast<std::size_t>(communicator.rank());
    own[rank] = share.own, first[rank] = share.first, rows[rank] = share.rows;
  });
  EXPECT_EQ(own, (std::vector<std::size_t>{43, 43, 42}));
  EXPECT_EQ(first, (std::vector<std::size_t>{0, 43, 86}));
  EXPECT_EQ(rows, (std::vector<std::size_t>{43, 43, 43}));
}

}  // namespace
}  // namespace agewise::train
