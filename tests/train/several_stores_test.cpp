// A network trained on several stores, whose ages are known or known as ranges.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "agewise/base/files.h"
#include "agewise/evaluate/evaluate.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/store/store_writer.h"
#include "agewise/train/log.h"
#include "agewise/train/session.h"
#include "tests/base/crew.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

// "first.db" with ages, "second.db" with ranges and other faces.
class SeveralStores : public testing::Test {
 protected:
  SeveralStores() {
    tiny::make_store(folder_ / "first.db");
    tiny::make_store(folder_ / "second.db", {.train = 20, .val = 6, .brighter = 7, .ranges = true});
  }

  TrainRequest request(const std::string& run = "run") const {
    TrainRequest wanted;
    wanted.run = folder_ / run;
    wanted.data = {folder_ / "first.db", folder_ / "second.db"};
    return wanted;
  }

  // Trains, stops before step number `stop_at`, and returns the log.
  static std::vector<EpochRecord> train(const TrainRequest& wanted, int stop_at = -1) {
    Session session(wanted);
    base::StopFlag stop{false};
    int steps = 0;
    TrainHooks hooks{stop, {}, [] { return 0.0; }, [](const std::string&) {}, {}};
    hooks.progress = [&](const base::Progress& progress) {
      if (progress.what.rfind("epoch", 0) == 0 && ++steps == stop_at) stop = true;
    };
    try {
      session.train(*nn::make_reference_engine(), 2, hooks);
    } catch (const base::Interrupted&) {
    }
    return read_log(session.run().log());
  }

  tiny::Folder folder_;
};

TEST_F(SeveralStores, have_their_faces_one_after_the_other_and_persons_of_their_own) {
  std::vector<store::Store> opened = stores_for(request());
  store::Stores stores{std::span(opened)};
  std::vector<store::FaceRecord> faces = stores.faces();
  ASSERT_THAT(faces, SizeIs(40 + 26));
  EXPECT_EQ(faces[39].store, 0);
  EXPECT_EQ(faces[40].store, 1);
  EXPECT_EQ(faces[40].row, 0);
  EXPECT_NE(faces[0].person, faces[40].person) << "both are called 0 in their labels";
  EXPECT_EQ(stores.picture(faces[40]).pixels, opened[1].picture(0).pixels);
  EXPECT_NE(stores.picture(faces[40]).pixels, opened[0].picture(0).pixels);
}

TEST_F(SeveralStores, are_trained_on_together_and_validated_apart) {
  std::vector<EpochRecord> log = train(request());
  ASSERT_THAT(log, SizeIs(3));
  for (const EpochRecord& epoch : log) {
    ASSERT_THAT(epoch.validation_by_store, SizeIs(2));
    const PartScores &first = epoch.validation_by_store[0], &second = epoch.validation_by_store[1];
    EXPECT_NEAR(epoch.validation.mae, (10 * first.mae + 6 * second.mae) / 16, 1e-9);
    EXPECT_NEAR(epoch.validation.loss, (10 * first.loss + 6 * second.loss) / 16, 1e-9);
  }
  RunMetadata metadata = read_metadata({folder_ / "run"});
  ASSERT_THAT(metadata.stores, SizeIs(2));
  EXPECT_EQ(metadata.stores[1].content, store::Store(folder_ / "second.db").content());
}

// What a store has on its own is what it counts in the whole: the distance of each estimate to its range.
TEST_F(SeveralStores, score_a_range_by_the_distance_of_the_estimate_to_it) {
  std::vector<EpochRecord> log = train(request());
  estimate::Model model = estimate::read_model(model_file_of(folder_ / "run"));
  store::Store second(folder_ / "second.db");
  base::StopFlag stop{false};
  std::vector<evaluate::Prediction> predictions =
      evaluate::predict(model, second, catalog::Split::val, *nn::make_reference_engine(), 1, stop, {});
  std::optional<evaluate::Ranges> ranges = evaluate::take_ranges(predictions);
  ASSERT_TRUE(ranges);
  auto best = std::ranges::find_if(log, [&](const EpochRecord& one) { return one.epoch == best_epoch(log); });
  EXPECT_NEAR(best->validation_by_store[1].mae, ranges->all.distance, 1e-4);
}

TEST_F(SeveralStores, go_on_after_a_stop_to_the_same_bits) {
  TrainRequest whole = request("whole"), stopped = request("stopped");
  train(whole);
  train(stopped, 9);
  stopped.resume = true;
  stopped.data.clear();  // the run knows them
  train(stopped);
  EXPECT_EQ(base::read_file(folder_ / "stopped/last.safetensors", 1 << 20),
            base::read_file(folder_ / "whole/last.safetensors", 1 << 20));
}

TEST_F(SeveralStores, teach_two_processes_what_they_teach_one) {
  for (int size : {1, 2}) {
    base::Crew(size).run([&](base::Communicator& communicator) {
      TrainRequest wanted = request("by" + std::to_string(size));
      wanted.assignments = {"train.sync_batch_norm=true"};
      Session session(wanted, communicator);
      base::StopFlag stop{false};
      TrainHooks hooks{stop, {}, [] { return 0.0; }, {}, {}};
      session.train(*nn::make_cpu_engine({.threads = 1}), 1, hooks);
    });
  }
  std::vector<EpochRecord> one = read_log(folder_ / "by1/log.jsonl"), two = read_log(folder_ / "by2/log.jsonl");
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    ASSERT_THAT(two[i].validation_by_store, SizeIs(2));
    for (std::size_t store : {0, 1})
      EXPECT_NEAR(two[i].validation_by_store[store].loss, one[i].validation_by_store[store].loss, 1e-4);
  }
}

TEST_F(SeveralStores, must_be_those_that_the_run_was_started_on) {
  train(request(), 5);
  TrainRequest fewer = request();
  fewer.data.pop_back();
  EXPECT_THAT(error_of([&] { train(fewer); }), HasSubstr("was started on 2 stores, not 1"));
  TrainRequest turned = request();
  std::swap(turned.data[0], turned.data[1]);
  EXPECT_THAT(error_of([&] { train(turned); }), HasSubstr("was started on the stores in another order"));
}

TEST_F(SeveralStores, are_refused_where_one_is_named_twice_or_cut_otherwise) {
  TrainRequest twice = request();
  twice.data[1] = twice.data[0];
  EXPECT_THAT(error_of([&] { train(twice); }), HasSubstr("first.db: is named twice (--data)"));
  recipe::Recipe larger = tiny::recipe();
  larger.face.size = 9;
  tiny::make_store(folder_ / "larger.db", {}, larger);
  TrainRequest other = request();
  other.data[1] = folder_ / "larger.db";
  EXPECT_THAT(error_of([&] { train(other); }),
              AllOf(HasSubstr("larger.db: its faces are not like those of"), HasSubstr("size")));
}

// Pictures by the part that they are in and the file that they come from, told by its content; 0: not known.
void make_store_of(const std::filesystem::path& file, const std::vector<std::pair<catalog::Split, int>>& pictures) {
  store::StoreMetadata metadata;
  metadata.recipe = tiny::recipe();
  metadata.labels = file.string();
  store::StoreWriter writer(file, metadata);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    store::FaceRecord face;
    face.row = static_cast<std::int64_t>(i);
    face.age = 30;
    face.split = pictures[i].first;
    face.content = static_cast<std::uint64_t>(pictures[i].second);
    writer.add(face, store::encode_face(image::make_image(8, 8, 1)), std::to_string(i));
  }
  writer.finish(0);
}

// Of the files 1 to 5 the second store validates on 1, tests on 2 and trains on 3, which the first has, too.
TEST_F(SeveralStores, train_on_no_picture_that_another_measures_and_on_none_twice) {
  using catalog::Split;
  make_store_of(folder_ / "a.db", {{Split::train, 1}, {Split::train, 2}, {Split::train, 3}, {Split::train, 0}});
  make_store_of(folder_ / "b.db",
                {{Split::val, 1}, {Split::test, 2}, {Split::train, 3}, {Split::train, 5}, {Split::val, 0}});
  std::vector<store::Store> opened;
  for (const char* name : {"a.db", "b.db"}) opened.emplace_back(folder_ / name);
  Examples examples = examples_of(store::Stores{std::span(opened)});
  std::vector<std::uint64_t> trained;
  for (std::uint32_t i : examples.train) trained.push_back(examples.faces[i].content);
  EXPECT_THAT(trained, testing::ElementsAre(3, 0, 5)) << "of an unknown file nothing is known";
  EXPECT_THAT(examples.validation, SizeIs(2));
  EXPECT_EQ(examples.copies, 3);
  EXPECT_THAT(left_out(examples), HasSubstr("3 training pictures are left out"));
}

TEST_F(SeveralStores, are_refused_where_one_has_nothing_that_the_others_have_not) {
  using catalog::Split;
  make_store_of(folder_ / "a.db", {{Split::train, 1}, {Split::val, 2}});
  make_store_of(folder_ / "b.db", {{Split::train, 2}, {Split::val, 3}});
  std::vector<store::Store> opened;
  for (const char* name : {"a.db", "b.db"}) opened.emplace_back(folder_ / name);
  EXPECT_THAT(error_of([&] { examples_of(store::Stores{std::span(opened)}); }),
              HasSubstr("b.db: has no training pictures that the other stores do not have"));
}

TEST_F(SeveralStores, with_a_wrong_number_of_weights_leave_no_run_behind) {
  TrainRequest wanted = request();
  for (const std::string key : {"train.data_weights", "train.age_weights"}) {
    wanted.assignments = {key + "=[1, 1, 1]"};
    EXPECT_THAT(error_of([&] { train(wanted); }), HasSubstr(key + " has 3 weights for 2 stores"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

// Where an age is known as a range alone no deviation is known, whatever the labels say.
TEST_F(SeveralStores, have_no_epsilon_error_with_ranges) {
  tiny::make_store(folder_ / "ranges.db", {.sigma = 2, .ranges = true});
  TrainRequest wanted = request("ranges");
  wanted.data = {folder_ / "ranges.db"};
  EXPECT_TRUE(std::isnan(train(wanted).back().epsilon_error));
  wanted.run = folder_ / "epsilon";
  wanted.assignments = {"train.monitor=epsilon"};
  EXPECT_THAT(error_of([&] { train(wanted); }), HasSubstr("an age and its deviation for every picture"));
}

TEST_F(SeveralStores, of_ranges_alone_teach_as_well) {
  tiny::make_store(folder_ / "ranges.db", {.train = 60, .val = 20, .ranges = true});
  TrainRequest wanted = request("ranges");
  wanted.data = {folder_ / "ranges.db"};
  wanted.assignments = {"train.epochs=60",   "train.learning_rate=0.01",          "classes.edges=[]",
                        "classes.years=101", "train.loss=\"label-distribution\"", "train.monitor=\"mae\""};
  std::vector<EpochRecord> log = train(wanted);
  auto best = std::ranges::min_element(log, {}, [](const EpochRecord& one) { return one.validation.mae; });
  EXPECT_LT(best->validation.mae, 0.5 * log.front().validation.mae);
}

}  // namespace
}  // namespace agewise::train
