// A real process, killed at any moment.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "agewise/base/error.h"
#include "agewise/base/random.h"
#include "tests/prepare/collection.h"

namespace agewise {
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
    return is_store(store("killed.db")) && is_complete();
  }

  // Killed within the first transaction a store has no tables yet, and its journal tells SQLite to take them back.
  bool is_complete() const {
    try {
      return Store(store("killed.db")).facts().complete;
    } catch (const Error&) {
      return false;
    }
  }
};

TEST_F(SlowPrepare, killed_at_any_moment_it_ends_with_the_same_store) {
  write_labels(3000);
  write_tar(folder_ / "p.tar", members(3000));
  run({folder_ / "p.tar"}, "whole.db");
  std::string expected = digest(Store(store("whole.db")));
  Random random(1, Purpose::test);
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::filesystem::remove(store("killed.db"));
    std::filesystem::remove(store("killed.db-journal"));
    int kills = 0;
    while (!run_and_kill(random.uniform(1, 60), [] {}) && ++kills < 15) {
    }
    if (kills == 15) run({folder_ / "p.tar"}, "killed.db");
    EXPECT_EQ(digest(Store(store("killed.db"))), expected);
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
  EXPECT_GT(Store(store("killed.db")).faces().size(), 0U);
  EXPECT_EQ(run({folder_ / "p.tar"}, "killed.db").faces, 3000);
  EXPECT_EQ(digest(Store(store("killed.db"))), digest(Store(store("whole.db"))));
}

}  // namespace
}  // namespace agewise
