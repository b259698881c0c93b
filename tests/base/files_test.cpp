#include "agewise/base/files.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "agewise/base/error.h"
#include "tests/error_of.h"

namespace agewise::base {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / ("agewise-files-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::int64_t files_there() const {
    return std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator());
  }

  std::filesystem::path folder_;
};

TEST_F(Files, what_is_written_is_read_back_and_nothing_is_left_beside_it) {
  write_file(folder_ / "a", "first");
  write_file(folder_ / "a", "second");
  EXPECT_EQ(read_text_file(folder_ / "a", 100), "second");
  EXPECT_EQ(files_there(), 1);
}

TEST_F(Files, reading_names_the_file_and_the_reason) {
  EXPECT_THAT(error_of([&] { read_file(folder_ / "none", 100); }), AllOf(HasSubstr("none"), HasSubstr("No such file")));
  EXPECT_THAT(error_of([&] { read_file(folder_, 100); }), HasSubstr("is a directory"));
  write_file(folder_ / "a", "12345");
  EXPECT_THAT(error_of([&] { read_file(folder_ / "a", 4); }), HasSubstr("the limit is 4"));
}

// A named pipe that nobody writes into any more: opening it again would wait for ever.
TEST_F(Files, a_pipe_is_read_to_its_end_and_gives_the_same_again) {
  std::string text(3'000'000, 'x');
  write_file(folder_ / "content", text + "end");
  ASSERT_EQ(std::system(("cd " + folder_.string() + " && mkfifo pipe && (cat content > pipe &)").c_str()), 0);
  EXPECT_EQ(read_text_file(folder_ / "pipe", 4'000'000), text + "end");
  MappedFile again = MappedFile::read_only(folder_ / "pipe");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(again.bytes().data()), again.bytes().size()), text + "end");
  EXPECT_THAT(error_of([&] { read_file(folder_ / "pipe", 100); }), AllOf(HasSubstr("pipe"), HasSubstr("100 bytes")));
  EXPECT_TRUE(read_file("/dev/null", 100).empty());
}

TEST_F(Files, without_commit_the_old_file_stays_and_the_new_one_leaves_no_trace) {
  write_file(folder_ / "a", "old");
  {
    FileWriter writer(folder_ / "a");
    writer.write(std::as_bytes(std::span("new", 3)));
  }
  EXPECT_EQ(read_text_file(folder_ / "a", 100), "old");
  EXPECT_EQ(files_there(), 1);
}

// A file-size limit stands for a full disk: the write fails in the middle.
TEST_F(Files, a_write_that_fails_keeps_the_old_file) {
  write_file(folder_ / "a", "old");
  rlimit whole{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &whole), 0);
  rlimit small{1000, whole.rlim_max};
  auto previous = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string problem = error_of([&] { write_file(folder_ / "a", std::string(5000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &whole);
  std::signal(SIGXFSZ, previous);
  EXPECT_THAT(problem, AllOf(HasSubstr("/a: cannot write"), HasSubstr("File too large")));
  EXPECT_EQ(read_text_file(folder_ / "a", 100), "old");
  EXPECT_EQ(files_there(), 1);
}

TEST_F(Files, a_mapped_file_keeps_what_is_written_into_it) {
  {
    MappedFile file = MappedFile::create(folder_ / "m", 1 << 16);
    std::memcpy(file.writable_bytes().data() + 5000, "hello", 5);
    MappedFile moved = std::move(file);
    moved.sync();
  }
  MappedFile file = MappedFile::read_only(folder_ / "m");
  EXPECT_EQ(file.bytes().size(), std::size_t{1} << 16);
  EXPECT_EQ(std::memcmp(file.bytes().data() + 5000, "hello", 5), 0);
}

TEST_F(Files, an_empty_file_can_be_mapped) {
  write_file(folder_ / "e", "");
  EXPECT_TRUE(MappedFile::read_only(folder_ / "e").bytes().empty());
}

TEST_F(Files, free_space_is_that_of_the_disk_that_would_hold_the_path) {
  EXPECT_GT(free_disk_space(folder_ / "not" / "yet" / "there"), 0U);
}

TEST_F(Files, a_link_planted_under_the_old_temporary_name_or_at_the_target_is_not_followed) {
  write_file(folder_ / "precious", "mine");
  std::filesystem::create_symlink("precious", folder_ / ("o.tmp" + std::to_string(::getpid())));
  std::filesystem::create_symlink("precious", folder_ / "o");
  write_file(folder_ / "o", "new");
  EXPECT_EQ(read_text_file(folder_ / "precious", 100), "mine");
  EXPECT_EQ(read_text_file(folder_ / "o", 100), "new");
  EXPECT_FALSE(std::filesystem::is_symlink(folder_ / "o"));
}

TEST_F(Files, pipes_and_devices_are_written_into_and_stay_what_they_are) {
  std::string at = "cd " + folder_.string() + " && ";
  ASSERT_EQ(std::system((at + "mkfifo pipe && ln -s /dev/null nothing && (cat pipe > came &)").c_str()), 0);
  write_file(folder_ / "pipe", "through");
  write_file("/dev/null", "gone");
  write_file(folder_ / "nothing", "gone");
  ASSERT_EQ(std::system((at + "i=0; until [ \"$(cat came)\" = through ] || [ $i = 500 ]; do "
                              "i=$((i+1)); sleep 0.01; done")
                            .c_str()),
            0);
  EXPECT_EQ(read_text_file(folder_ / "came", 100), "through");
  EXPECT_TRUE(std::filesystem::is_fifo(folder_ / "pipe"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "nothing"));
  EXPECT_FALSE(is_stream(folder_ / "came"));
}

TEST_F(Files, a_socket_is_no_file_to_be_replaced) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, (folder_ / "s").c_str(), sizeof address.sun_path - 1);
  int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(error_of([&] { write_file(folder_ / "s", "x"); }), HasSubstr("s: is a device or a socket"));
  EXPECT_TRUE(std::filesystem::is_socket(folder_ / "s"));
  ::close(socket);
}

// A child that is killed in the middle of a file leaves it; one that is still writing keeps its own.
TEST_F(Files, what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not) {
  std::filesystem::path inner = folder_ / "inner";
  std::filesystem::create_directory(inner);
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  std::array<pid_t, 2> children{};
  for (pid_t& child : children) {
    child = ::fork();
    if (child != 0) continue;
    FileWriter writer(inner / "half");
    writer.write(std::as_bytes(std::span("half", 4)));
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  std::array<char, 2> said{};
  for (char& one : said) ASSERT_EQ(::read(ready[0], &one, 1), 1);
  ::kill(children[0], SIGKILL);
  ::waitpid(children[0], nullptr, 0);
  auto files_in_it = [&] {
    return std::distance(std::filesystem::directory_iterator(inner), std::filesystem::directory_iterator());
  };
  EXPECT_EQ(files_in_it(), 2);
  write_file(inner / "whole", "whole");
  EXPECT_EQ(files_in_it(), 2);  // this one, and the living child's
  ::kill(children[1], SIGKILL);
  ::waitpid(children[1], nullptr, 0);
  EXPECT_EQ(read_text_file(inner / "whole", 100), "whole");
}

TEST_F(Files, a_lock_is_held_once_says_by_whom_and_ends_with_its_holder) {
  {
    FileLock held(folder_ / "lock", "the run: is taken");
    std::string problem = error_of([&] { FileLock again(folder_ / "lock", "the run: is taken"); });
    EXPECT_THAT(problem, HasSubstr("the run: is taken (process " + std::to_string(::getpid()) + " on "));
    FileLock moved = std::move(held);
    EXPECT_NE(error_of([&] { FileLock again(folder_ / "lock", "busy"); }), "");
  }
  FileLock later(folder_ / "lock", "busy");
}

}  // namespace
}  // namespace agewise::base
