#include "agewise/train/batches.h"

#include <gmock/gmock.h>

#include <stdexcept>

namespace agewise::train {
namespace {

using testing::ElementsAre;

// One float a picture: its number.
void number_as_input(std::uint32_t sample, int, std::span<float> input) { input[0] = static_cast<float>(sample); }

TEST(RowsOfBatch, completes_the_last_batch_with_the_first_pictures_of_the_order) {
  std::vector<std::uint32_t> order{7, 5, 9, 1, 3};
  EXPECT_THAT(rows_of_batch(order, 0, 2), ElementsAre(7, 5));
  EXPECT_THAT(rows_of_batch(order, 2, 2), ElementsAre(3, 7));
  EXPECT_THAT(rows_of_batch(order, 0, 7), ElementsAre(7, 5, 9, 1, 3, 7, 5));
  EXPECT_EQ(batches_in(5, 2), 3);
  EXPECT_EQ(batches_in(6, 2), 3);
}

TEST(BatchStream, brings_the_batches_in_order_and_then_nothing) {
  BatchStream stream(number_as_input, {7, 5, 9, 1, 3}, 1, 2);
  EXPECT_THAT(stream.next()->inputs, ElementsAre(7, 5));
  EXPECT_THAT(stream.next()->inputs, ElementsAre(9, 1));
  Batch* last = stream.next();
  EXPECT_THAT(last->inputs, ElementsAre(3, 7));
  EXPECT_THAT(last->samples, ElementsAre(3, 7));
  EXPECT_EQ(last->fresh, 1);
  EXPECT_EQ(stream.next(), nullptr);
}

TEST(BatchStream, begins_in_the_middle_of_a_pass) {
  BatchStream stream(number_as_input, {7, 5, 9, 1, 3}, 1, 2, {.first_step = 1});
  EXPECT_THAT(stream.next()->inputs, ElementsAre(9, 1));
}

TEST(BatchStream, throws_what_the_source_threw_after_the_batches_before_it) {
  auto fails_at_9 = [](std::uint32_t sample, int, std::span<float>) {
    if (sample == 9) throw std::runtime_error("picture 9");
  };
  BatchStream stream(fails_at_9, {7, 5, 9, 1}, 1, 2);
  EXPECT_NE(stream.next(), nullptr);
  EXPECT_THROW(stream.next(), std::runtime_error);
}

TEST(BatchStream, gives_the_same_on_several_threads) {
  auto in_epoch = [](std::uint32_t sample, int epoch, std::span<float> input) {
    input[0] = static_cast<float>(sample) + 1000 * static_cast<float>(epoch);
  };
  BatchStream stream(in_epoch, {7, 5, 9, 1, 3}, 1, 4, {.epoch = 2, .threads = 3});
  EXPECT_THAT(stream.next()->inputs, ElementsAre(2007, 2005, 2009, 2001));
  EXPECT_THAT(stream.next()->inputs, ElementsAre(2003, 2007, 2005, 2009));
  EXPECT_EQ(stream.next(), nullptr);
}

TEST(BatchStream, can_be_left_before_its_end) {
  BatchStream stream(number_as_input, std::vector<std::uint32_t>(1000, 4), 1, 2);
  EXPECT_THAT(stream.next()->inputs, ElementsAre(4, 4));
}

}  // namespace
}  // namespace agewise::train
