#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "agewise/base/bounded_queue.h"
#include "agewise/base/workers.h"

namespace agewise::base {
namespace {

TEST(ParallelFor, visits_every_index_once) {
  std::vector<std::atomic<int>> visits(1000);
  parallel_for(4, visits.size(), [&](std::size_t i) { ++visits[i]; });
  for (const auto& count : visits) EXPECT_EQ(count, 1);
}

TEST(ParallelFor, throws_the_first_exception_and_hands_out_no_more) {
  std::atomic<int> visited{0};
  EXPECT_THROW(parallel_for(2, 100000,
                            [&](std::size_t i) {
                              ++visited;
                              if (i == 10) throw std::runtime_error("ten");
                            }),
               std::runtime_error);
  EXPECT_LT(visited, 100000);
}

TEST(BoundedQueue, hands_every_item_from_several_writers_to_several_readers) {
  BoundedQueue<int> queue(3);
  std::atomic<int> sum{0};
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&] {
        while (std::optional<int> item = queue.pop()) sum += *item;
      });
    }
    parallel_for(3, 300, [&](std::size_t i) { queue.push(static_cast<int>(i)); });
    queue.close();
  }
  EXPECT_EQ(sum, 299 * 300 / 2);
}

TEST(BoundedQueue, takes_nothing_in_once_closed_and_still_gives_out_what_it_holds) {
  BoundedQueue<int> queue(3);
  queue.push(7);
  queue.close();
  EXPECT_FALSE(queue.push(8));
  EXPECT_EQ(queue.pop(), 7);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, try_push_drops_what_has_no_room_instead_of_waiting) {
  BoundedQueue<int> queue(1);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_FALSE(queue.try_push(2));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_TRUE(queue.try_push(3));
  queue.close();
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_FALSE(queue.try_push(4));
}

TEST(BoundedQueue, closing_wakes_a_writer_that_waits_for_room) {
  BoundedQueue<int> queue(1);
  queue.push(1);
  std::jthread writer([&] { EXPECT_FALSE(queue.push(2)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  queue.close();
}

}  // namespace
}  // namespace agewise::base
