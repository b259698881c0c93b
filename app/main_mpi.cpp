// agewise-mpi COMMAND: the program of several processes, which mpirun or srun starts; alone it is agewise.
#include <fmt/format.h>
#include <sched.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/base/workers.h"
#include "app/mpi_communicator.h"
#include "app/program.h"
#include "app/signals.h"

namespace agewise::app {
namespace {

constexpr double kLeavingSeconds = 5;
constexpr auto kTurn = std::chrono::seconds(1);  // of a process, to tell what went wrong

// "0 2 5 ": the processors that this process may run on.
std::string own_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::string text;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return text;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) text += std::to_string(i) + " ";
  }
  return text;
}

std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  for (std::size_t at = 0, end = 0; (end = text.find(' ', at)) != std::string::npos; at = end + 1)
    numbers.push_back(std::stoi(text.substr(at, end - at)));
  return numbers;
}

// Processes of one machine divide its processors, whether mpirun has bound them to some or lets them run on all. All
// processes compute on equally many threads, for they must choose the same kernels: as many as the poorest has.
int threads_each(base::Communicator& communicator) {
  std::vector<std::string> processors = communicator.gather(own_processors());
  std::map<std::pair<std::string, int>, int> users;  // of each processor of each machine
  auto each = [&](auto use) {
    for (int rank = 0; rank < communicator.size(); ++rank) {
      for (int processor : numbers_in(processors[static_cast<std::size_t>(rank)]))
        use(rank, std::pair(communicator.host(rank), processor));
    }
  };
  each([&](int, const auto& processor) { ++users[processor]; });
  std::vector<double> share(processors.size());
  each([&](int rank, const auto& processor) { share[static_cast<std::size_t>(rank)] += 1.0 / users[processor]; });
  constexpr double kRounding = 1e-6;
  return std::max(1, static_cast<int>(*std::min_element(share.begin(), share.end()) + kRounding));
}

// Another build may compute other numbers, or take part in other exchanges.
void check_program(base::Communicator& communicator) {
  if (communicator.size() == 1) return;
  std::vector<std::string> builds =
      communicator.gather(base::content_hash(base::MappedFile::read_only("/proc/self/exe").bytes()));
  for (int rank = 1; rank < communicator.size(); ++rank) {
    if (builds[static_cast<std::size_t>(rank)] == builds[0]) continue;
    throw base::UsageError(fmt::format("{} runs another build of agewise-mpi than {}; install the same on all machines",
                                       communicator.host(rank), communicator.host(0)));
  }
}

Ending run(int argc, char** argv, base::StopFlag& stop, base::Communicator& communicator) {
  try {
    check_program(communicator);
    return run_program(argc, argv, {threads_each(communicator), "", "best", false, stop, communicator});
  } catch (const base::Error& error) {
    return {kWrongUsage, "", std::string("agewise: ") + error.what() + "\n"};
  }
}

// What all processes have met, the first one tells, and ends them; the others tell, one after the other, what it has
// not met. One that has been told to stop meanwhile is being ended, and has nothing to add.
void tell(const Ending& ending, const base::Communicator& communicator, const base::StopFlag& stop) {
  int rank = communicator.rank();
  if (rank == 0) std::fputs(ending.printed.c_str(), stdout);
  if (ending.error.empty()) return;
  std::this_thread::sleep_for(kTurn * rank);
  if (rank > 0 && stop) return;
  std::string from = communicator.size() == 1 ? "" : communicator.host(rank) + ": ";
  std::fputs((from + ending.error).c_str(), stderr);
}

int run_all(int argc, char** argv) {
  base::StopFlag& stop = stop_on_signals();
  std::unique_ptr<MpiCommunicator> communicator = make_mpi_communicator(stop);
  Ending ending = run(argc, argv, stop, *communicator);
  tell(ending, *communicator, stop);
  std::fflush(nullptr);
  bool together = ending.code == kDone || communicator->size() == 1 ||
                  (ending.code == kInterrupted && communicator->all_come(kLeavingSeconds));
  if (!together) communicator->abort(ending.code);
  return ending.code;
}

}  // namespace
}  // namespace agewise::app

int main(int argc, char** argv) {
  try {
    return agewise::app::run_all(argc, argv);
  } catch (const std::exception& error) {  // MPI itself
    std::fprintf(stderr, "agewise: %s\n", error.what());
    return agewise::app::kFailed;
  }
}
