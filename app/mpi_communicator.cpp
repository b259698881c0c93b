#include "app/mpi_communicator.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <thread>

#include "agewise/base/error.h"

namespace agewise::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // of one MPI call, whose counts are ints
// Between two looks at what is under way. The processor is the network's meanwhile.
constexpr auto kPause = std::chrono::microseconds(50);
// How long a sum may go on after this process was told to stop: so many seconds, and so many times the longest sum of
// before. Others that are only slow come in that time.
constexpr double kPatience = 10, kPatienceInSums = 3;

void check(int code) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw base::Error(
      fmt::format("the processes cannot reach each other any more: {}; rerun the same command (training resumes from "
                  "the last checkpoint)",
                  std::string_view(text.data(), static_cast<std::size_t>(length))));
}

// In place, Open MPI's own choice sends everything to one process and back; this one sends each process its share to
// add up, which takes half the time between two machines and less between more. Whoever sets it has the last word.
void prefer_shared_sums() { ::setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "rabenseifner", /*overwrite=*/0); }

// MPI's own sums know no bfloat16; to it they are whole numbers of 16 bits.
void add_bfloat16(void* from, void* to, int* count, MPI_Datatype* /*type*/) {
  const auto* values = static_cast<const base::Bfloat16*>(from);
  auto* sums = static_cast<base::Bfloat16*>(to);
  for (int i = 0; i < *count; ++i) sums[i] = base::sum_of(sums[i], values[i]);
}

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

// MPI is called by one thread at a time. All exchanges are begun and then looked at until they are done, with pauses: a
// process that waits leaves the processor to those that compute. MPI moves data only while it is called, so a thread
// looks at the sums under way as long as there are any.
class Communicator final : public MpiCommunicator {
 public:
  explicit Communicator(const base::StopFlag& stop) : stop_(stop) {
    prefer_shared_sums();
    int given = MPI_THREAD_SINGLE;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &given));
    if (given < MPI_THREAD_SERIALIZED) throw base::Error("this MPI was built without threads (MPI_THREAD_SERIALIZED)");
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    check(MPI_Comm_dup(MPI_COMM_WORLD, &leaving_));
    check(MPI_Op_create(&add_bfloat16, /*commute=*/1, &sum_of_bfloat16_));
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
    check(MPI_Comm_size(MPI_COMM_WORLD, &size_));
    std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
    int length = 0;
    check(MPI_Get_processor_name(name.data(), &length));
    hosts_ = gather(std::string(name.data(), static_cast<std::size_t>(length)));
    if (size_ > 1) thread_ = std::thread([this] { keep_moving(); });
  }

  ~Communicator() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    MPI_Op_free(&sum_of_bfloat16_);
    MPI_Finalize();
  }

  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::string& host(int rank) const override { return hosts_.at(static_cast<std::size_t>(rank)); }

  void start_sum(std::span<float> values) override { start_sum(values.data(), values.size(), MPI_FLOAT, MPI_SUM); }
  void start_sum(std::span<base::Bfloat16> values) override {
    start_sum(values.data(), values.size(), MPI_UINT16_T, sum_of_bfloat16_);
  }

  void finish_sum() override {
    if (size_ == 1) return;
    wait(sums_.front(), /*for_sum=*/true);
    std::lock_guard lock(mutex_);
    sums_.pop_front();
  }

  void sum(std::span<double> values) override {
    if (size_ == 1) return;
    MPI_Request request = MPI_REQUEST_NULL;
    {
      std::lock_guard lock(mutex_);
      begin_sum(values.data(), values.size(), MPI_DOUBLE, MPI_SUM, request);
    }
    wait(request, /*for_sum=*/true);
  }

  void broadcast(std::span<std::byte> bytes) override {
    for (; size_ > 1 && !bytes.empty(); bytes = bytes.subspan(std::min(kMostBytes, bytes.size()))) {
      auto count = static_cast<int>(std::min(kMostBytes, bytes.size()));
      run([&](MPI_Request* request) { return MPI_Ibcast(bytes.data(), count, MPI_BYTE, 0, MPI_COMM_WORLD, request); });
    }
  }

  std::vector<std::string> gather(const std::string& text) override {
    std::vector<int> lengths(static_cast<std::size_t>(size_)), places(lengths.size());
    auto length = static_cast<int>(text.size());
    run([&](MPI_Request* request) {
      return MPI_Iallgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD, request);
    });
    std::exclusive_scan(lengths.begin(), lengths.end(), places.begin(), 0);
    std::string all(static_cast<std::size_t>(places.back() + lengths.back()), ' ');
    run([&](MPI_Request* request) {
      return MPI_Iallgatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), places.data(), MPI_CHAR,
                             MPI_COMM_WORLD, request);
    });
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < lengths.size(); ++i)
      texts.push_back(all.substr(static_cast<std::size_t>(places[i]), static_cast<std::size_t>(lengths[i])));
    return texts;
  }

  void barrier() override {
    run([](MPI_Request* request) { return MPI_Ibarrier(MPI_COMM_WORLD, request); });
  }

  [[noreturn]] void abort(int exit_code) override {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
  }

  bool all_come(double seconds) override {
    MPI_Request request = MPI_REQUEST_NULL;
    Clock::time_point began = Clock::now();
    {
      std::lock_guard lock(mutex_);
      check(MPI_Ibarrier(leaving_, &request));
    }
    while (!is_done(request)) {
      if (seconds_since(began) > seconds) return false;
      std::this_thread::sleep_for(kPause);
    }
    return true;
  }

 private:
  static void begin_sum(void* values, std::size_t count, MPI_Datatype type, MPI_Op add, MPI_Request& request) {
    check(MPI_Iallreduce(MPI_IN_PLACE, values, static_cast<int>(count), type, add, MPI_COMM_WORLD, &request));
  }

  void start_sum(void* values, std::size_t count, MPI_Datatype type, MPI_Op add) {
    if (size_ == 1) return;
    {
      std::lock_guard lock(mutex_);
      begin_sum(values, count, type, add, sums_.emplace_back());
    }
    wake_.notify_one();
  }

  template <class Begin>
  void run(Begin begin) {
    MPI_Request request = MPI_REQUEST_NULL;
    {
      std::lock_guard lock(mutex_);
      check(begin(&request));
    }
    wait(request, /*for_sum=*/false);
  }

  bool is_done(MPI_Request& request) {
    int done = 0;
    std::lock_guard lock(mutex_);
    check(problem_);
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
    return done != 0;
  }

  void wait(MPI_Request& request, bool for_sum) {
    Clock::time_point began = Clock::now();
    std::optional<Clock::time_point> told;
    while (!is_done(request)) {
      if (!told && stop_) told = Clock::now();
      if (for_sum && told && seconds_since(*told) > kPatience + kPatienceInSums * longest_sum_) throw others_are_gone();
      std::this_thread::sleep_for(kPause);
    }
    if (for_sum) longest_sum_ = std::max(longest_sum_, seconds_since(began));
  }

  base::Error others_are_gone() const {
    std::set<std::string> hosts(hosts_.begin(), hosts_.end());
    return base::Error(fmt::format(
        "another process of this run, on {}, has ended or does not answer (mpirun says which); rerun the same command "
        "(training resumes from the last checkpoint)",
        fmt::join(hosts, " or ")));
  }

  // One sum is looked at; MPI moves all of them.
  void keep_moving() {
    auto under_way = [this] {
      return std::ranges::find_if(sums_, [](MPI_Request sum) { return sum != MPI_REQUEST_NULL; });
    };
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return ending_ || (problem_ == MPI_SUCCESS && under_way() != sums_.end()); });
      if (ending_) return;
      int done = 0;
      problem_ = MPI_Test(&*under_way(), &done, MPI_STATUS_IGNORE);
      lock.unlock();
      std::this_thread::sleep_for(kPause);
      lock.lock();
    }
  }

  const base::StopFlag& stop_;
  MPI_Op sum_of_bfloat16_ = MPI_OP_NULL;
  MPI_Comm leaving_ = MPI_COMM_NULL;  // on which nobody waits who does not leave
  int rank_ = 0, size_ = 1;
  std::vector<std::string> hosts_;
  double longest_sum_ = 0;        // seconds that one was waited for
  std::mutex mutex_;              // around every call of MPI, and what follows
  std::deque<MPI_Request> sums_;  // begun and not finished, the oldest first; null once done
  int problem_ = MPI_SUCCESS;     // that the thread met, for whoever waits
  bool ending_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<MpiCommunicator> make_mpi_communicator(const base::StopFlag& stop) {
  return std::make_unique<Communicator>(stop);
}

}  // namespace agewise::app
