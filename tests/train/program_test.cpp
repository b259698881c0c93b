// `agewise train` as a process that is killed and stopped.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "agewise/base/files.h"
#include "agewise/train/log.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::HasSubstr;

// The program in the background, its output in a file.
class Process {
 public:
  Process(const std::vector<std::string>& arguments, const std::filesystem::path& output) : process_(::fork()) {
    if (process_ != 0) return;
    int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    std::vector<char*> argv{const_cast<char*>(AGEWISE_PROGRAM)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(AGEWISE_PROGRAM, argv.data());
    ::_exit(127);
  }
  void signal(int number) const { ::kill(process_, number); }
  // The exit code, or minus the signal that ended it.
  int wait() const {
    int status = 0;
    ::waitpid(process_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t process_;
};

class SlowTrainProgram : public testing::Test {
 protected:
  SlowTrainProgram() {
    recipe::Recipe recipe = tiny::recipe();
    recipe.train.epochs = 25;
    recipe.whiten.method = recipe::Whitening::zca;
    tiny::make_store(folder_ / "faces.db", {.train = 60, .val = 10}, recipe);
  }

  Process train(const std::string& run, bool resume = false) {
    std::vector<std::string> arguments{"train",     folder_ / run, "--data",    folder_ / "faces.db",
                                       "--threads", "1",           "--kernels", "default"};
    if (resume) arguments.emplace_back("--resume");
    return Process(arguments, folder_ / (run + ".out"));
  }
  std::string output(const std::string& run) { return base::read_text_file(folder_ / (run + ".out"), 1 << 20); }
  std::vector<std::byte> weights(const std::string& run, const char* file) {
    return base::read_file(folder_ / run / file, 1 << 20);
  }
  std::size_t epochs(const std::string& run) { return read_log(folder_ / run / "log.jsonl").size(); }

  tiny::Folder folder_;
};

TEST_F(SlowTrainProgram, ends_with_the_same_weights_when_killed_again_and_again) {
  ASSERT_EQ(train("whole").wait(), 0) << output("whole");
  int kills = 0, outcome = -SIGKILL;
  for (int wait = 5; outcome == -SIGKILL; wait += 7, ++kills) {
    Process process = train("killed", /*resume=*/std::filesystem::exists(folder_ / "killed"));
    std::this_thread::sleep_for(std::chrono::milliseconds(wait));
    process.signal(SIGKILL);
    outcome = process.wait();
  }
  ASSERT_EQ(outcome, 0) << output("killed");
  EXPECT_GE(kills, 3);
  EXPECT_EQ(weights("killed", "last.safetensors"), weights("whole", "last.safetensors"));
  EXPECT_EQ(weights("killed", "best.safetensors"), weights("whole", "best.safetensors"));
  EXPECT_EQ(epochs("killed"), 25);
}

TEST_F(SlowTrainProgram, saves_and_exits_with_130_on_ctrl_c_and_says_how_to_go_on) {
  Process process = train("stopped");
  while (!std::filesystem::exists(folder_ / "stopped" / "log.jsonl")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  process.signal(SIGINT);
  ASSERT_EQ(process.wait(), 130) << output("stopped");
  EXPECT_THAT(output("stopped"), HasSubstr("stopped --resume`"));
  ASSERT_EQ(train("stopped", /*resume=*/true).wait(), 0) << output("stopped");
  ASSERT_EQ(train("whole").wait(), 0);
  EXPECT_EQ(weights("stopped", "last.safetensors"), weights("whole", "last.safetensors"));
}

TEST_F(SlowTrainProgram, resumes_by_the_same_command_and_says_when_there_is_nothing_left_to_do) {
  Process process = train("stopped");
  while (!std::filesystem::exists(folder_ / "stopped" / "log.jsonl")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  process.signal(SIGINT);
  ASSERT_EQ(process.wait(), 130) << output("stopped");
  ASSERT_EQ(train("stopped").wait(), 0) << output("stopped");
  EXPECT_EQ(epochs("stopped"), 25);
  std::vector<std::byte> last = weights("stopped", "last.safetensors");
  ASSERT_EQ(train("stopped").wait(), 0);
  EXPECT_THAT(output("stopped"), HasSubstr("already finished after 25 epochs"));
  EXPECT_EQ(weights("stopped", "last.safetensors"), last);
}

TEST_F(SlowTrainProgram, keeps_a_second_process_out_of_a_run) {
  Process first = train("run");
  while (!std::filesystem::exists(folder_ / "run" / "log.jsonl")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Process second({"train", folder_ / "run", "--data", folder_ / "faces.db", "--resume"}, folder_ / "second.out");
  EXPECT_EQ(second.wait(), 2);
  EXPECT_THAT(output("second"), HasSubstr("run: another agewise is using this run (process "));
  EXPECT_EQ(first.wait(), 0) << output("run");
  EXPECT_EQ(epochs("run"), 25);
}

TEST_F(SlowTrainProgram, refuses_what_it_is_not_meant_for) {
  ASSERT_EQ(train("run").wait(), 0);
  auto again = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"train", folder_ / "run", "--data", folder_ / "faces.db"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(Process(arguments, folder_ / "again.out").wait(), 2);
    return output("again");
  };
  EXPECT_THAT(again({"--set", "train.batch=4"}), HasSubstr("was started with train.batch = 8, not 4"));
  EXPECT_THAT(again({"--resume", "--ensemble", "2"}),
              HasSubstr("was started as one network, not as an ensemble of 2 networks"));
  EXPECT_EQ(train("none", /*resume=*/true).wait(), 2);
  EXPECT_THAT(output("none"), HasSubstr("holds no run"));
}

}  // namespace
}  // namespace agewise::train
