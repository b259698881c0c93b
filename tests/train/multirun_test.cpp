#include "agewise/train/multirun.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/random.h"
#include "agewise/estimate/estimator.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/train/keep.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::HasSubstr;

// 2,000 pictures of many ages around 40, as persons with `each` pictures; then 50 of the val part.
Examples people(int each) {
  Examples examples;
  base::Random random(3, base::Purpose::test);
  for (std::uint32_t i = 0; i < 2050; ++i) {
    store::FaceRecord face;
    face.age = std::clamp(std::floor(40 + 15 * random.normal()), 0.0, 100.0);
    if (each > 1) face.person = std::to_string(static_cast<int>(i) / each);
    if (each > 1 && static_cast<int>(i) % each > 0) face.age = examples.faces.back().age;
    examples.faces.push_back(face);
    (i < 2000 ? examples.train : examples.validation).push_back(i);
  }
  return examples;
}

void expect_whole(const MultirunPart& part, const Examples& examples) {
  std::vector<std::uint32_t> all = part.train;
  all.insert(all.end(), part.validation.begin(), part.validation.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, examples.train) << part.name;  // nothing twice, nothing lost, none of the val part
  std::set<std::string> trained;
  for (std::uint32_t i : part.train) trained.insert(examples.faces[i].person);
  for (std::uint32_t i : part.validation) {
    const std::string& person = examples.faces[i].person;
    EXPECT_TRUE(person.empty() || !trained.contains(person)) << person;
  }
}

TEST(Folds, validate_on_every_picture_once_and_divide_nobody) {
  for (int each : {1, 3, 7}) {
    Examples examples = people(each);
    std::vector<MultirunPart> folds = folds_of(examples, 5, 1);
    std::multiset<std::uint32_t> validated;
    for (const MultirunPart& fold : folds) {
      expect_whole(fold, examples);
      EXPECT_NEAR(static_cast<double>(fold.validation.size()), 400, each);
      validated.insert(fold.validation.begin(), fold.validation.end());
    }
    EXPECT_EQ(validated, std::multiset<std::uint32_t>(examples.train.begin(), examples.train.end()));
  }
  EXPECT_EQ(folds_of(people(1), 5, 1)[2].validation, folds_of(people(1), 5, 1)[2].validation);
  EXPECT_NE(folds_of(people(1), 5, 1)[2].validation, folds_of(people(1), 5, 2)[2].validation);
  EXPECT_THROW(folds_of(people(1000), 3, 1), base::UsageError);  // two persons
}

TEST(LeavingOut, is_a_part_for_each_person) {
  Examples examples = people(500);
  std::vector<MultirunPart> parts = leaving_out_each_person(examples);
  ASSERT_EQ(parts.size(), 4);
  for (const MultirunPart& part : parts) {
    expect_whole(part, examples);
    EXPECT_EQ(part.validation.size(), 500);
  }
  EXPECT_THROW(leaving_out_each_person(people(1)), base::UsageError);
}

// Share of the pictures up to each age.
std::vector<double> cumulative(const Examples& examples, const std::vector<std::uint32_t>& pictures) {
  std::vector<double> shares(101);
  for (std::uint32_t i : pictures) {
    for (auto age = static_cast<std::size_t>(examples.faces[i].age); age < 101; ++age) shares[age] += 1;
  }
  for (double& share : shares) share /= static_cast<double>(pictures.size());
  return shares;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// A tenth drawn blindly of 2,000 differs by 0.06 on average (Kolmogorov: 0.87 / √200); one of each ten in the order of
// age by one picture of 200 at most.
TEST(TenthsByAge, keep_the_distribution_of_ages) {
  for (int each : {1, 2}) {
    Examples examples = people(each);
    std::vector<double> whole = cumulative(examples, examples.train);
    std::set<std::uint32_t> validated;
    for (const MultirunPart& part : tenths_by_age(examples, 20, 1)) {
      expect_whole(part, examples);
      EXPECT_NEAR(static_cast<double>(part.validation.size()), 200, 2);
      EXPECT_LT(largest_difference(whole, cumulative(examples, part.validation)), 0.0051 * each) << part.name;
      EXPECT_LT(largest_difference(whole, cumulative(examples, part.train)), 0.0012 * each) << part.name;
      validated.insert(part.validation.begin(), part.validation.end());
    }
    EXPECT_GT(validated.size(), 1500);  // 1 - 0.9^20 = 88 % of 2,000: each member's own draw
  }
}

class Multirun : public testing::Test {
 protected:
  Multirun() { tiny::make_store(folder_ / "faces.db", {.train = 40, .val = 8}); }

  std::vector<MultirunResult> train_all(const std::string& name, MultirunKind kind, int count, int stop_at = -1,
                                        const estimate::Model* from = nullptr) {
    store::Store store(folder_ / "faces.db");
    RunFolder run{folder_ / name};
    if (!is_run(run.path)) create_multirun(run.path, recipe_, {kind, count});
    base::StopFlag stop{false};
    int steps = 0;
    TrainHooks hooks{stop, {}, [] { return 0.0; }, {}, {}};
    hooks.progress = [&](const base::Progress& progress) {
      if (progress.what.rfind("epoch", 0) == 0 && ++steps == stop_at) stop = true;
    };
    TrainTask task{run, recipe_, store, from, 2};
    return train_multirun({task, *shape_of(run)}, *engine_, hooks);
  }
  // Member `number` of an ensemble of `count` by itself, in the folder "apart" with its number.
  void train_apart(int number, int count, int stop_at = -1, const estimate::Model* from = nullptr) {
    store::Store store(folder_ / "faces.db");
    RunFolder run{apart(number)};
    if (!is_run(run.path)) create_multirun(run.path, recipe_, {MultirunKind::ensemble, count, number});
    base::StopFlag stop{false};
    int steps = 0;
    TrainHooks hooks{stop, {}, [] { return 0.0; }, {}, {}};
    hooks.progress = [&](const base::Progress&) { stop = ++steps == stop_at; };
    train_member({TrainTask{run, recipe_, store, from, 2}, *shape_of(run)}, *engine_, hooks);
  }
  std::filesystem::path apart(int number) const { return folder_ / ("apart" + std::to_string(number)); }
  std::string problem_of_merging(const std::vector<std::filesystem::path>& runs) {
    try {
      merge_members(runs);
    } catch (const base::UsageError& error) {
      return error.what();
    }
    return "";
  }

  std::vector<std::byte> bytes(const std::string& file) { return base::read_file(folder_ / file, 1 << 20); }

  tiny::Folder folder_;
  recipe::Recipe recipe_ = tiny::recipe();
  std::unique_ptr<nn::Engine> engine_ = nn::make_reference_engine();
};

TEST_F(Multirun, of_folds_measures_each_on_its_own_share) {
  std::vector<MultirunResult> results = train_all("run", MultirunKind::folds, 4);
  ASSERT_EQ(results.size(), 4);
  for (const MultirunResult& result : results) EXPECT_EQ(result.validation_pictures, 10);
  EXPECT_EQ(estimate::read_model(folder_ / "run/fold-03/best.safetensors").notes.at("trained on"), "30 pictures");
}

TEST_F(Multirun, goes_on_where_it_was_stopped_and_ends_with_the_same_model) {
  train_all("whole", MultirunKind::ensemble, 3);
  for (int stop_at : {2, 20}) {  // 36 pictures in batches of 8, three epochs: 15 steps a member
    std::string name = "stopped" + std::to_string(stop_at);
    try {
      train_all(name, MultirunKind::ensemble, 3, stop_at);
      FAIL();
    } catch (const base::Interrupted& stopped) {
      EXPECT_THAT(stopped.what(), HasSubstr("agewise train " + (folder_ / name).string() + " --resume"));
    }
    EXPECT_FALSE(std::filesystem::exists(folder_ / name / "best.safetensors"));
    train_all(name, MultirunKind::folds, 7);  // kind and count are the run's own
    EXPECT_EQ(bytes(name + "/best.safetensors"), bytes("whole/best.safetensors"));
  }
}

TEST_F(Multirun, members_that_were_trained_apart_are_merged_to_the_model_of_one_run) {
  train_all("whole", MultirunKind::ensemble, 3);
  for (int number : {2, 3, 1}) train_apart(number, 3);
  estimate::write_model(folder_ / "merged.safetensors", merge_members({apart(3), apart(1), apart(2)}));
  EXPECT_EQ(bytes("merged.safetensors"), bytes("whole/best.safetensors"));
  EXPECT_EQ(describe(*shape_of({apart(2)})), "member 2 of an ensemble of 3 networks");
}

TEST_F(Multirun, merging_names_what_is_missing_doubled_unfinished_or_of_another_ensemble) {
  for (int number : {1, 2}) train_apart(number, 3);
  std::filesystem::copy(apart(2), folder_ / "again", std::filesystem::copy_options::recursive);
  EXPECT_THAT(problem_of_merging({apart(1), apart(2)}), HasSubstr("member 3 of 3 is missing"));
  EXPECT_THAT(problem_of_merging({apart(1), apart(2), folder_ / "again"}), HasSubstr("are both member 2"));
  for (int stop_at : {3, 8}) {  // in the first of three epochs of five steps, and in the second
    EXPECT_THROW(train_apart(3, 3, stop_at), base::Interrupted);
    EXPECT_THAT(problem_of_merging({apart(1), apart(2), apart(3)}), HasSubstr("apart3: is not finished; rerun"));
  }
  train_apart(4, 4);
  EXPECT_THAT(problem_of_merging({apart(1), apart(4)}), HasSubstr("one of 4 networks, one of 3"));
  auto problem_of_another_third = [&](const estimate::Model* from) {
    std::filesystem::remove_all(apart(3));
    train_apart(3, 3, -1, from);
    return problem_of_merging({apart(1), apart(2), apart(3)});
  };
  estimate::Model first = estimate::read_model(RunFolder{apart(1)}.best());
  EXPECT_THAT(problem_of_another_third(&first), HasSubstr("started from different weights (--from)"));
  recipe_.train.epochs = 2;
  EXPECT_THAT(problem_of_another_third(nullptr), HasSubstr("have different recipes: the first has train.epochs = 2"));
  recipe_.train.epochs = 3;
  recipe_.train.learning_rate *= 2;
  EXPECT_THAT(problem_of_another_third(nullptr), HasSubstr("the first has train.learning_rate"));
  recipe_.train.learning_rate /= 2;
  tiny::make_store(folder_ / "others.db", {.train = 41, .val = 8});
  std::filesystem::rename(folder_ / "others.db", folder_ / "faces.db");
  EXPECT_THAT(problem_of_another_third(nullptr), HasSubstr("were trained on different stores"));
  create_run(folder_ / "single", recipe_);
  EXPECT_THAT(problem_of_merging({folder_ / "single"}), HasSubstr("is not the run of a member"));
  EXPECT_THAT(problem_of_merging({folder_ / "nowhere"}), HasSubstr("is not the run of a member"));
  EXPECT_THROW(create_multirun(folder_ / "no", recipe_, {MultirunKind::ensemble, 3, 4}), base::UsageError);
}

TEST_F(Multirun, a_member_that_ended_by_patience_or_kept_its_model_only_is_finished) {
  recipe_.train.epochs = 40;
  recipe_.train.patience = 1;
  recipe_.train.learning_rate = 0;  // no epoch is better than the first
  for (int number : {1, 2}) train_apart(number, 2);
  keep_model_only({apart(2)});
  EXPECT_EQ(problem_of_merging({apart(1), apart(2)}), "");
}

TEST_F(Multirun, a_member_without_a_checkpoint_does_not_start_from_other_weights_than_it_was_to) {
  train_apart(1, 2);
  estimate::Model from = estimate::read_model(RunFolder{apart(1)}.best());
  EXPECT_THROW(train_apart(2, 2, 3, &from), base::Interrupted);
  train_apart(2, 2);  // from its checkpoint
  std::filesystem::remove_all(apart(2));
  EXPECT_THROW(train_apart(2, 2, 3, &from), base::Interrupted);
  std::filesystem::remove(RunFolder{apart(2)}.last());
  EXPECT_THROW(train_apart(2, 2), base::UsageError);
  train_apart(2, 2, -1, &from);
}

TEST_F(Multirun, a_damaged_shape_is_refused) {
  create_multirun(folder_ / "run", recipe_, {MultirunKind::ensemble, 3, 2});
  for (const char* text :
       {"null", R"({"kind": "folds", "count": 3, "member": 1})", R"({"kind": "ensemble", "count": 3, "member": 4})",
        R"({"kind": "ensemble", "count": 2000000000})", R"({"kind": "another", "count": 3})", "{"}) {
    base::write_file(RunFolder{folder_ / "run"}.multirun(), std::string_view(text));
    EXPECT_THROW(shape_of({folder_ / "run"}), base::Error) << text;
  }
}

TEST_F(Multirun, an_ensembles_age_is_the_mean_of_its_members) {
  recipe_.classes = {{}, {}, 101};
  train_all("run", MultirunKind::ensemble, 3);
  store::Store store(folder_ / "faces.db");
  std::vector<image::Image> faces{store.picture(41), store.picture(43)};
  std::vector<double> ages;
  for (const char* member : {"run/member-01", "run/member-02", "run/member-03"}) {
    estimate::Model model = estimate::read_model(model_file_of(folder_ / member));
    ages.push_back(estimate::Estimator(model, *engine_, 2).estimate(faces)[1].age);
  }
  EXPECT_NE(ages[0], ages[1]);
  double mean = (ages[0] + ages[1] + ages[2]) / 3, squares = 0;
  for (double age : ages) squares += (age - mean) * (age - mean);
  std::unique_ptr<nn::Engine> cpu = nn::make_cpu_engine({1});
  for (nn::Engine* engine : {engine_.get(), cpu.get()}) {
    for (std::size_t most_held : {estimate::kMostParametersHeld, std::size_t{0}}) {  // at once, and in turns
      estimate::Model model = estimate::read_model(folder_ / "run/best.safetensors");
      if (most_held == 0)
        model.further_members = {estimate::member_in_file(folder_ / "run/member-02/best.safetensors"),
                                 estimate::member_in_file(folder_ / "run/member-03/best.safetensors")};
      estimate::Estimator ensemble(std::move(model), *engine, 1, most_held);
      for (int again = 0; again < 2; ++again) {  // the first member is in its place again
        estimate::Estimate estimate = ensemble.estimate(faces)[1];
        EXPECT_NEAR(estimate.age, mean, 1e-3) << engine->name() << ", " << most_held << " held";
        EXPECT_THAT(estimate.members, testing::Pointwise(testing::DoubleNear(1e-3), ages));
        EXPECT_NEAR(estimate::spread_of(estimate), std::sqrt(squares / 2), 1e-3);
      }
    }
  }
}

TEST_F(Multirun, an_ensemble_that_chooses_nothing_trains_on_all_and_keeps_the_last_epoch) {
  recipe_.train.monitor = recipe::Monitor::last;
  for (const MultirunResult& result : train_all("run", MultirunKind::ensemble, 2)) {
    EXPECT_EQ(result.validation_pictures, 8) << "the val part";
    EXPECT_EQ(result.result.best_epoch, 3);
  }
  estimate::Model model = estimate::read_model(folder_ / "run/best.safetensors");
  EXPECT_EQ(model.notes.at("trained on"), "40 pictures");
  EXPECT_EQ(model.notes.at("validated on"), "val");
}

// At a rate of 0 nothing but running statistics moves.
TEST_F(Multirun, an_ensemble_begins_with_the_members_of_one_as_large) {
  train_all("first", MultirunKind::ensemble, 2);
  estimate::Model first = estimate::read_model(folder_ / "first/best.safetensors");
  recipe_.train.learning_rate = 0;
  train_all("second", MultirunKind::ensemble, 2, -1, &first);
  for (const char* member : {"member-01", "member-02"}) {
    estimate::Model before = estimate::read_model(folder_ / ("first/" + std::string(member) + "/best.safetensors")),
                    after = estimate::read_model(folder_ / ("second/" + std::string(member) + "/best.safetensors"));
    std::size_t weights = static_cast<std::size_t>(nn::parameters_of(before.graph)[0].size());
    EXPECT_EQ(std::vector(after.parameters.begin(), after.parameters.begin() + static_cast<std::ptrdiff_t>(weights)),
              std::vector(before.parameters.begin(), before.parameters.begin() + static_cast<std::ptrdiff_t>(weights)))
        << member;
  }
}

TEST_F(Multirun, an_ensemble_refuses_to_whiten) {
  recipe_.whiten.method = recipe::Whitening::zca;
  EXPECT_THROW(train_all("run", MultirunKind::ensemble, 2), base::UsageError);
}

}  // namespace
}  // namespace agewise::train
