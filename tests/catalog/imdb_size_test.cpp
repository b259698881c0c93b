// A file as large as imdb.mat: 460,723 rows, 20,284 people.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "agewise/catalog/catalog.h"
#include "tests/catalog/write_mat.h"

namespace agewise::catalog {
namespace {

struct Cost {
  double seconds = 0;  // of processor time: what else the machine does is not counted
  long megabytes = 0;  // at the peak
};

// In a process of its own, so that memory and time are its alone. The exit code is the function's value.
int run_apart(const std::function<int()>& work, Cost& cost) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  rusage used{};
  ::wait4(child, &status, 0, &used);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  cost = {seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss / 1024};
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SlowImdb, is_read_within_6_seconds_and_250_megabytes) {
  std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "agewise-imdb.mat";
  Cost cost;
  int written = run_apart(
      [&] {
        std::vector<MatRow> rows(460723);
        for (std::size_t i = 0; i < rows.size(); ++i) {
          std::string number = std::to_string(1000000 + i);
          rows[i] = {720000.0 + static_cast<double>(i % 10000),
                     2000.0 + static_cast<double>(i % 15),
                     number.substr(5) + "/nm" + number + "_rm124825600_1899-5-10_1968.jpg",
                     static_cast<double>(i % 2),
                     "Fred Astaire the " + number,
                     {1.5, 2.5, 100.25, 120.75},
                     2.5,
                     kNotANumber};
        }
        std::vector<std::string> people;
        for (int i = 0; i < 20284; ++i) people.push_back("Somebody Famous " + std::to_string(i));
        write_mat(file, rows, {.variable = "imdb", .celebrities = people});
        return 0;
      },
      cost);
  ASSERT_EQ(written, 0);
  int read = run_apart([&] { return read_labels(file).rows.size() == 460723 ? 0 : 1; }, cost);
  std::filesystem::remove(file);
  EXPECT_EQ(read, 0);
  EXPECT_LE(cost.seconds, 6);
  EXPECT_LE(cost.megabytes, 250);
  std::printf("imdb.mat: %.1f s, %ld MB\n", cost.seconds, cost.megabytes);
}

}  // namespace
}  // namespace agewise::catalog
