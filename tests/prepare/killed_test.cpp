// A real process, killed at any moment.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "agewise/base/error.h"
#include "agewise/base/random.h"
#include "tests/prepare/collection.h"

namespace agewise::prepare {
namespace {

class SlowPrepare : public Collection {
 protected:
  // Prepares in a process of its own, after `limit`; kills it after `milliseconds`. Whether the store is complete then.
  template <class Limit>
  bool run_and_kill(double milliseconds, Limit limit) {
    pid_t child = ::fork();
    if (child == 0) {
      limit();
      try {
        run({folder_ / "p.tar"}, "killed.db");
      } catch (const std::exception&) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    auto end = std::chrono::steady_clock::now() + std::chrono::duration<double, std::milli>(milliseconds);
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) ::kill(child, SIGKILL);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return store::is_store(store("killed.db")) && is_complete();
  }

  // Killed within the first transaction a store has no tables yet, and its journal tells SQLite to take them back.
  bool is_complete() const {
    try {
      return store::Store(store("killed.db")).metadata().complete;
    } catch (const base::Error&) {
      return false;
    }
  }
};

TEST_F(SlowPrepare, killed_at_any_moment_it_ends_with_the_same_store) {
  write_labels(3000);
  write_tar(folder_ / "p.tar", members(3000));
  run({folder_ / "p.tar"}, "whole.db");
  std::string expected = digest(store::Store(store("whole.db")));
  base::Random random(1, base::Purpose::test);
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::filesystem::remove(store("killed.db"));
    std::filesystem::remove(store("killed.db-journal"));
    int kills = 0;
    while (!run_and_kill(random.uniform(1, 60), [] {}) && ++kills < 15) {
    }
    if (kills == 15) run({folder_ / "p.tar"}, "killed.db");
    EXPECT_EQ(digest(store::Store(store("killed.db"))), expected);
  }
}

// A limit on the size of files stands for a full disk.
TEST_F(SlowPrepare, a_full_disk_loses_nothing_that_was_committed) {
  write_labels(3000);
  write_tar(folder_ / "p.tar", members(3000));
  run({folder_ / "p.tar"}, "whole.db");
  bool finished = run_and_kill(60'000, [] {
    rlimit small{600'000, 600'000};
    std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
  });
  EXPECT_FALSE(finished);
  EXPECT_GT(store::Store(store("killed.db")).faces().size(), 0U);
  EXPECT_EQ(run({folder_ / "p.tar"}, "killed.db").faces, 3000);
  EXPECT_EQ(digest(store::Store(store("killed.db"))), digest(store::Store(store("whole.db"))));
}

// In a process of its own, on a small disk in memory that only that process sees; 0 where all is as it should be.
int fill_a_small_disk(const std::filesystem::path& disk, const PreparePlan& plan,
                      const std::filesystem::path& pictures) {
  base::StopFlag stop{false};
  auto fill = [&](const base::Progress& progress) {
    if (progress.done != 600) return;
    std::ofstream filler(disk / "filler");
    filler << std::string(std::size_t{8} << 20, 'x');
  };
  try {
    prepare(plan, {pictures}, disk / "faces.db", 2, stop, fill);
    return 1;
  } catch (const base::Error& problem) {
    if (std::string(problem.what()).find("faces.db: cannot be written, because the disk is full") == std::string::npos)
      return 2;
  }
  std::size_t saved = store::Store(disk / "faces.db").faces().size();
  if (saved == 0 || saved == plan.wanted.size()) return 3;
  std::filesystem::remove(disk / "filler");
  prepare(plan, {pictures}, disk / "faces.db", 2, stop);
  std::filesystem::copy_file(disk / "faces.db", pictures.parent_path() / "killed.db");
  return 0;
}

TEST_F(SlowPrepare, a_disk_that_fills_up_gives_one_line_and_the_same_store_once_there_is_room) {
  constexpr int kSkip = 77;
  write_labels(3000);
  write_tar(folder_ / "p.tar", members(3000));
  run({folder_ / "p.tar"}, "whole.db");
  std::filesystem::create_directory(folder_ / "disk");
  PreparePlan whole = plan();
  pid_t child = ::fork();
  if (child == 0) {
    int own = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (::unshare(own) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("disk", (folder_ / "disk").c_str(), "tmpfs", 0, "size=6m") != 0)
      ::_exit(kSkip);
    ::_exit(fill_a_small_disk(folder_ / "disk", whole, folder_ / "p.tar"));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == kSkip) GTEST_SKIP() << "may not mount a small disk here";
  ASSERT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(digest(store::Store(store("killed.db"))), digest(store::Store(store("whole.db"))));
}

}  // namespace
}  // namespace agewise::prepare
