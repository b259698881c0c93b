// agewise-mpi under mpirun, on one machine. two_hosts.py has it on two.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "agewise/base/files.h"
#include "agewise/train/log.h"
#include "tests/app/run_program.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

using testing::HasSubstr;
using train::EpochRecord;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

std::string mpirun(int processes) {
  return "mpirun --allow-run-as-root --oversubscribe --bind-to none -n " + std::to_string(processes) + " " +
         AGEWISE_MPI_PROGRAM + " --kernels default --threads 1 ";
}

// Batches of 12, which 1, 2, 3 and 4 processes divide; 36 pictures make 3 steps an epoch; 7 epochs are 21 steps.
class SlowMpi : public testing::Test {
 protected:
  SlowMpi() { make_store(7); }

  void make_store(int epochs) {
    recipe::Recipe recipe = train::tiny::recipe();
    recipe.network.scale = 0.004;
    recipe.train.optimiser = recipe::Optimiser::sgd;  // which, unlike RMSprop, knows how large a gradient is
    recipe.train.learning_rate = 0.01;
    recipe.train.batch = 12;
    recipe.train.epochs = epochs;
    recipe.train.sync_batch_norm = true;
    recipe.augment.mirror = true;
    train::tiny::make_store(folder_ / "faces.db", {.train = 36, .val = 13}, recipe);
  }

  std::string train_command(const std::string& run, const std::string& more = "") {
    return "train " + (folder_ / run).string() + " --data " + (folder_ / "faces.db").string() + " " + more;
  }
  std::vector<EpochRecord> log(const std::string& run) { return train::read_log(folder_ / run / "log.jsonl"); }
  std::vector<std::byte> checkpoint(const std::string& run) {
    return base::read_file(folder_ / run / "last.safetensors", 1 << 20);
  }

  // Runs `command` until its run has so many epochs in the log, then does `meanwhile`.
  template <class Meanwhile>
  Outcome run_and(const std::string& command, const std::string& run, std::size_t epochs, Meanwhile meanwhile) {
    Outcome outcome;
    std::thread program([&] { outcome = run_command(command); });
    while (!std::filesystem::exists(folder_ / run / "log.jsonl") || log(run).size() < epochs)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    meanwhile();
    program.join();
    return outcome;
  }

  // Of the processes of this program that train `run`: mpirun first, then agewise-mpi by number.
  std::vector<pid_t> processes_of(const std::string& run) {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream file(entry.path() / "cmdline");
      std::string words((std::istreambuf_iterator<char>(file)), {});
      bool ours = words.starts_with("mpirun") || words.starts_with(AGEWISE_MPI_PROGRAM);
      if (ours && words.find((folder_ / run).string()) != std::string::npos) found.push_back(std::stoi(name));
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  train::tiny::Folder folder_;
};

void expect_alike(const std::vector<EpochRecord>& found, const std::vector<EpochRecord>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(found[i].train.loss, expected[i].train.loss, 1e-5) << i;
    EXPECT_NEAR(found[i].validation.loss, expected[i].validation.loss, 1e-5) << i;
  }
}

TEST_F(SlowMpi, two_three_and_four_processes_learn_what_the_plain_program_learns) {
  Outcome plain = run_command(AGEWISE_PROGRAM " --kernels default --threads 1 " + train_command("plain"));
  ASSERT_EQ(plain.exit_code, 0) << plain.output;
  for (int processes : {1, 2, 3, 4}) {
    std::string run = "by" + std::to_string(processes);
    Outcome outcome = run_command(mpirun(processes) + train_command(run));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    expect_alike(log(run), log("plain"));
  }
  EXPECT_EQ(checkpoint("by1"), checkpoint("plain"));
}

TEST_F(SlowMpi, the_same_number_of_processes_twice_gives_the_same_bits) {
  for (const char* run : {"first", "second"}) ASSERT_EQ(run_command(mpirun(3) + train_command(run)).exit_code, 0);
  EXPECT_EQ(checkpoint("first"), checkpoint("second"));
}

TEST_F(SlowMpi, gradients_sent_in_half_the_bytes_teach_nearly_the_same_and_twice_the_same) {
  ASSERT_EQ(run_command(mpirun(3) + train_command("whole")).exit_code, 0);
  for (const char* run : {"first", "second"}) {
    Outcome outcome = run_command(mpirun(3) + train_command(run, "--set train.exchange=bfloat16"));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  }
  EXPECT_EQ(checkpoint("first"), checkpoint("second"));
  EXPECT_NE(log("first").back().train.loss, log("whole").back().train.loss);
  EXPECT_NEAR(log("first").back().train.loss, log("whole").back().train.loss, 5e-3);
}

TEST_F(SlowMpi, a_process_alone_needs_no_mpirun) {
  Outcome outcome =
      run_command(AGEWISE_MPI_PROGRAM " --kernels default --threads 1 " + train_command("run", "--set train.epochs=1"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("best epoch: 1"));
}

TEST_F(SlowMpi, prints_once_what_all_would_print) {
  Outcome outcome = run_command(mpirun(3) + train_command("run", "--set train.epochs=1"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  std::size_t first = outcome.output.find("best epoch: 1");
  ASSERT_NE(first, std::string::npos) << outcome.output;
  EXPECT_EQ(outcome.output.find("best epoch: 1", first + 1), std::string::npos) << outcome.output;
}

TEST_F(SlowMpi, says_once_what_is_wrong_and_where_and_ends_all) {
  Outcome outcome = run_command(mpirun(2) + "train " + (folder_ / "run").string() + " --data nowhere.db");
  EXPECT_NE(outcome.exit_code, 0);
  std::size_t first = outcome.output.find("nowhere.db:");
  ASSERT_NE(first, std::string::npos) << outcome.output;
  EXPECT_EQ(outcome.output.find("nowhere.db:", first + 1), std::string::npos) << outcome.output;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

TEST_F(SlowMpi, evaluating_prints_the_figures_of_the_plain_program_once) {
  ASSERT_EQ(
      run_command(AGEWISE_PROGRAM " --kernels default --threads 1 " + train_command("run", "--set train.epochs=1"))
          .exit_code,
      0);
  std::string evaluate = "evaluate " + (folder_ / "run").string() + " --split train --json";
  Outcome plain = run_command(AGEWISE_PROGRAM " --kernels default --threads 1 " + evaluate);
  ASSERT_EQ(plain.exit_code, 0) << plain.output;
  for (int processes : {2, 4}) EXPECT_EQ(run_command(mpirun(processes) + evaluate).output, plain.output);
}

TEST_F(SlowMpi, other_commands_are_the_work_of_one_process) {
  Outcome outcome = run_command(mpirun(2) + "recipe seed");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr("`recipe` is the work of one process"));
}

TEST_F(SlowMpi, a_signal_to_one_stops_all_with_a_checkpoint_that_any_number_resumes) {
  ASSERT_EQ(run_command(mpirun(3) + train_command("whole", "--set train.epochs=60")).exit_code, 0);
  for (int signal : {SIGUSR1, SIGTERM, SIGINT}) {
    std::string run = "stopped" + std::to_string(signal);
    Outcome outcome = run_and(mpirun(3) + train_command(run, "--set train.epochs=60"), run, 3,
                              [&] { ::kill(processes_of(run).back(), signal); });
    EXPECT_EQ(outcome.exit_code, 130) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("stopped in epoch"));
    int processes = signal == SIGUSR1 ? 2 : 3;
    ASSERT_EQ(run_command(mpirun(processes) + train_command(run, "--set train.epochs=60")).exit_code, 0);
    expect_alike(log(run), log("whole"));
    EXPECT_EQ(checkpoint(run) == checkpoint("whole"), processes == 3);
  }
}

TEST_F(SlowMpi, when_one_is_killed_all_end_within_seconds_and_nothing_is_lost) {
  ASSERT_EQ(run_command(mpirun(3) + train_command("whole", "--set train.epochs=60")).exit_code, 0);
  Clock::time_point killed;
  Outcome outcome = run_and(mpirun(3) + train_command("killed", "--set train.epochs=60"), "killed", 4, [&] {
    ::kill(processes_of("killed").back(), SIGKILL);
    killed = Clock::now();
  });
  EXPECT_LT(seconds_since(killed), 15);
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("signal 9"));  // mpirun's line, with the host
  EXPECT_TRUE(processes_of("killed").empty());
  outcome = run_command(mpirun(3) + train_command("killed", "--set train.epochs=60"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(checkpoint("killed"), checkpoint("whole"));
}

}  // namespace
}  // namespace agewise::app
