#include "agewise/serve/pipeline.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <thread>

#include "agewise/image/encode.h"
#include "agewise/serve/picture_cost.h"
#include "tests/serve/bright.h"

namespace agewise::serve {
namespace {

using testing::ElementsAre;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Counts the calls of an engine by batch size, and holds them up while `gate` is locked.
class CountingEngine : public nn::Engine {
 public:
  std::unique_ptr<nn::Executable> compile(const nn::Graph& graph, int batch, nn::Mode mode,
                                          const nn::Training& training) override;
  std::string name() const override { return "counting"; }

  std::mutex gate, counts_mutex;
  std::vector<int> calls;  // batch sizes, in order
  std::unique_ptr<nn::Engine> engine = nn::make_reference_engine();
};

class CountedExecutable : public nn::Executable {
 public:
  CountedExecutable(CountingEngine& owner, int batch, std::unique_ptr<nn::Executable> real)
      : owner_(owner), batch_(batch), real_(std::move(real)) {}
  std::span<float> input(int index) override { return real_->input(index); }
  std::span<const float> output(int index) override { return real_->output(index); }
  std::span<float> output_gradient(int index) override { return real_->output_gradient(index); }
  void set_parameters(std::span<const float> plain) override { real_->set_parameters(plain); }
  void forward(const nn::DropoutKey& key, bool update) override {
    std::lock_guard held(owner_.gate);
    std::lock_guard lock(owner_.counts_mutex);
    owner_.calls.push_back(batch_);
    real_->forward(key, update);
  }
  void backward() override { real_->backward(); }
  void update(double rate) override { real_->update(rate); }
  void get(nn::Array array, std::span<float> plain) override { real_->get(array, plain); }
  void set(nn::Array array, std::span<const float> plain) override { real_->set(array, plain); }
  std::int64_t updates() const override { return real_->updates(); }
  void set_updates(std::int64_t count) override { real_->set_updates(count); }
  std::size_t memory_bytes() const override { return real_->memory_bytes(); }
  std::vector<std::string> kernels() const override { return real_->kernels(); }

 private:
  CountingEngine& owner_;
  int batch_;
  std::unique_ptr<nn::Executable> real_;
};

std::unique_ptr<nn::Executable> CountingEngine::compile(const nn::Graph& graph, int batch, nn::Mode mode,
                                                        const nn::Training& training) {
  return std::make_unique<CountedExecutable>(*this, batch, engine->compile(graph, batch, mode, training));
}

class Pipelines : public testing::Test {
 protected:
  // Of the greys of its pictures.
  std::future<std::vector<PictureResult>> submit(Pipeline& pipeline, const std::vector<int>& greys) {
    PictureJob job;
    std::vector<std::vector<std::byte>> files;
    for (int grey : greys) {
      files.push_back(grey < 0 ? std::vector<std::byte>(3) : grey_png(grey));
      job.body.insert(job.body.end(), files.back().begin(), files.back().end());
    }
    std::size_t at = 0;
    for (const auto& file : files) {
      job.pictures.emplace_back(job.body.data() + at, file.size());
      at += file.size();
    }
    auto promise = std::make_shared<std::promise<std::vector<PictureResult>>>();
    job.done = [promise](const std::vector<PictureResult>& results) { promise->set_value(results); };
    taken = pipeline.submit(job);
    return promise->get_future();
  }

  CountingEngine engine;
  Metrics metrics;
  bool taken = false;
};

std::vector<double> ages_of(const std::vector<PictureResult>& results) {
  std::vector<double> ages;
  for (const PictureResult& result : results) {
    for (const estimate::Estimate& estimate : result.estimates) ages.push_back(estimate.age);
  }
  return ages;
}

TEST(BatchSizes, double_unless_the_network_is_large) {
  EXPECT_THAT(batch_sizes(1, 1000), ElementsAre(1));
  EXPECT_THAT(batch_sizes(16, 1000), ElementsAre(1, 2, 4, 8, 16));
  EXPECT_THAT(batch_sizes(20, 1000), ElementsAre(1, 2, 4, 8, 16, 20));
  EXPECT_THAT(batch_sizes(16, 134'000'000), ElementsAre(1, 16));
}

TEST_F(Pipelines, gives_each_picture_its_own_age_in_the_order_that_was_sent) {
  Pipeline pipeline(bright_model(), engine, {.readers = 3}, metrics, now);
  EXPECT_THAT(ages_of(submit(pipeline, {250, 5, 200, 10}).get()), ElementsAre(70, 20, 70, 20));
}

TEST_F(Pipelines, tells_of_a_broken_picture_among_good_ones) {
  Pipeline pipeline(bright_model(), engine, {}, metrics, now);
  std::vector<PictureResult> results = submit(pipeline, {250, -1, 5}).get();
  EXPECT_EQ(results[1].faces.problem, "begins with zeros, like an incomplete download");
  EXPECT_THAT(ages_of(results), ElementsAre(70, 20));
}

TEST_F(Pipelines, estimates_one_picture_alone_by_the_network_of_one) {
  Pipeline pipeline(bright_model(), engine, {.batch = 16, .gather_seconds = 10}, metrics, now);
  double begin = now();
  submit(pipeline, {5}).get();
  EXPECT_LT(now() - begin, 5);  // waits for nobody where nobody is being read
  EXPECT_THAT(engine.calls, ElementsAre(1));
}

TEST_F(Pipelines, gathers_what_arrives_while_the_network_is_busy) {
  Pipeline pipeline(bright_model(), engine, {.readers = 2, .batch = 16, .gather_seconds = 0}, metrics, now);
  std::vector<std::future<std::vector<PictureResult>>> results;
  {
    std::lock_guard busy(engine.gate);
    results.push_back(submit(pipeline, {5}));
    while (pipeline.waiting() > 0) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it is in the network now
    for (int i = 0; i < 9; ++i) results.push_back(submit(pipeline, {250}));
    while (pipeline.waiting() > 0) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  for (auto& result : results) result.get();
  EXPECT_THAT(engine.calls, ElementsAre(1, 16));
}

TEST_F(Pipelines, takes_all_pictures_of_a_job_or_none) {
  std::unique_lock busy(engine.gate);
  Pipeline pipeline(bright_model(), engine, {.readers = 1, .batch = 1, .waiting = 3}, metrics, now);
  // Held up: one picture in the network, four that wait for it, one at the reader, and then three in the queue.
  std::vector<std::future<std::vector<PictureResult>>> results;
  for (int i = 0; i < 6; ++i) {
    results.push_back(submit(pipeline, {5}));
    while (pipeline.waiting() > 0 && i < 5) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  results.push_back(submit(pipeline, {5, 5}));
  EXPECT_TRUE(taken);
  submit(pipeline, {5, 5});
  EXPECT_FALSE(taken);
  results.push_back(submit(pipeline, {250}));
  EXPECT_TRUE(taken);
  submit(pipeline, {250});
  EXPECT_FALSE(taken);
  busy.unlock();
  for (auto& result : results) EXPECT_FALSE(result.get().empty());
}

// The reader of large pictures is held: the clock that it is the first to ask does not answer.
TEST_F(Pipelines, reads_small_pictures_while_large_ones_take_for_ever) {
  std::mutex forever, mutex;
  std::unique_lock held(forever);
  std::optional<std::thread::id> first;
  auto clock = [&] {
    bool is_first = false;
    {
      std::lock_guard lock(mutex);
      if (!first) first = std::this_thread::get_id();
      is_first = first == std::this_thread::get_id();
    }
    if (is_first) std::lock_guard wait(forever);
    return 0.0;
  };
  Pipeline pipeline(bright_model(), engine, {.readers = 1, .thread_clock = clock}, metrics, now);
  std::promise<std::vector<PictureResult>> large;
  PictureJob job;
  job.body = grey_png(5, 2100, 2000);
  job.pictures = {job.body};
  job.done = [&large](const std::vector<PictureResult>& results) { large.set_value(results); };
  ASSERT_TRUE(pipeline.submit(job));
  for (bool begun = false; !begun; std::this_thread::yield()) {
    std::lock_guard lock(mutex);
    begun = first.has_value();
  }
  for (int i = 0; i < 5; ++i) EXPECT_THAT(ages_of(submit(pipeline, {250}).get()), ElementsAre(70));
  held.unlock();
  EXPECT_THAT(ages_of(large.get_future().get()), ElementsAre(20));
}

TEST_F(Pipelines, ends_a_jpeg_that_takes_more_processor_time_than_a_picture_may) {
  std::atomic<double> time{0};
  Pipeline pipeline(bright_model(), engine, {.picture_seconds = 3, .thread_clock = [&] { return time += 2; }}, metrics,
                    now);
  image::Image grey = image::make_image(64, 64, 3);
  PictureJob job;
  job.body = image::encode_jpeg(grey, 90);
  job.pictures = {job.body};
  std::promise<std::vector<PictureResult>> promise;
  job.done = [&](const std::vector<PictureResult>& results) { promise.set_value(results); };
  ASSERT_TRUE(pipeline.submit(job));
  EXPECT_EQ(promise.get_future().get().at(0).faces.problem, "takes too long to decode");
}

TEST(PictureCost, is_large_what_takes_a_sixth_of_a_second_to_decode) {
  using image::FileKind;
  EXPECT_FALSE(is_large({.kind = FileKind::jpeg, .width = 4000, .height = 3000}));  // a phone's photograph
  EXPECT_TRUE(is_large({.kind = FileKind::jpeg, .width = 4000, .height = 3000, .several_scans = true}));
  EXPECT_TRUE(is_large({.kind = FileKind::jpeg, .width = 8000, .height = 6000}));
  EXPECT_FALSE(is_large({.kind = FileKind::png, .width = 1920, .height = 1080}));
  EXPECT_TRUE(is_large({.kind = FileKind::png, .width = 8000, .height = 6000}));
  EXPECT_TRUE(is_large({.kind = FileKind::avif, .width = 8, .height = 8}));
  EXPECT_FALSE(is_large({}));
}

TEST(FairQueue, serves_the_client_whose_items_have_cost_least) {
  FairQueue<int> queue({100, 50});
  std::vector<int> many(10, 1), few{2, 2};
  ASSERT_TRUE(queue.try_push("a", many));
  EXPECT_EQ(queue.pop(), 1);
  queue.charge("a", 5);
  ASSERT_TRUE(queue.try_push("b", few));
  EXPECT_EQ(queue.pop(), 2);  // b owes nothing, a 5
  queue.charge("b", 4);
  EXPECT_EQ(queue.pop(), 2);
  queue.charge("b", 4);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.size(), 8U);
}

TEST(FairQueue, gives_no_credit_for_time_without_items) {
  FairQueue<int> queue({100, 50});
  std::vector<int> a(3, 1), b{2, 2};
  ASSERT_TRUE(queue.try_push("a", a));
  for (int i = 0; i < 2; ++i) {
    queue.pop();
    queue.charge("a", 10);
  }
  ASSERT_TRUE(queue.try_push("b", b));  // as if it had been served as much as a when a was last
  EXPECT_EQ(queue.pop(), 2);
  queue.charge("b", 11);
  EXPECT_EQ(queue.pop(), 1);
}

TEST(FairQueue, lets_no_client_fill_it) {
  FairQueue<int> queue({4, 2});
  std::vector<int> two{1, 1}, one{1};
  EXPECT_TRUE(queue.try_push("a", two));
  EXPECT_FALSE(queue.try_push("a", one));
  EXPECT_EQ(one, std::vector<int>{1});
  EXPECT_TRUE(queue.try_push("b", one));
  queue.close();
  EXPECT_FALSE(queue.try_push("c", one));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(FairQueue, keeps_whoever_pushes_waiting_while_it_is_full) {
  FairQueue<int> queue({2, 0});
  EXPECT_EQ(queue.pop_within(0), std::nullopt);
  EXPECT_TRUE(queue.push("a", 1));
  EXPECT_TRUE(queue.push("a", 2));
  std::future<bool> third = std::async(std::launch::async, [&] { return queue.push("b", 3); });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  EXPECT_EQ(queue.pop_within(0), 1);
  queue.charge("a", 1);
  EXPECT_TRUE(third.get());
  EXPECT_EQ(queue.pop(), 3);  // before a's second
  std::future<bool> closed = std::async(std::launch::async, [&] { return queue.push("b", 4) && queue.push("b", 5); });
  while (queue.size() < 2) std::this_thread::yield();
  queue.close();
  EXPECT_FALSE(closed.get());
}

TEST_F(Pipelines, gives_up_what_has_waited_too_long) {
  std::atomic<double> time{0};
  std::unique_lock busy(engine.gate);
  Pipeline pipeline(bright_model(), engine, {.readers = 1, .batch = 1, .give_up_seconds = 30}, metrics,
                    [&] { return time.load(); });
  std::vector<std::future<std::vector<PictureResult>>> begun, late;
  for (int i = 0; i < 6; ++i) begun.push_back(submit(pipeline, {5}));
  while (pipeline.waiting() > 0) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  late.push_back(submit(pipeline, {5}));
  time = 31;
  busy.unlock();
  for (auto& result : begun) EXPECT_FALSE(result.get().empty());
  EXPECT_TRUE(late[0].get().empty());
}

TEST_F(Pipelines, does_what_was_taken_before_it_ends) {
  std::vector<std::future<std::vector<PictureResult>>> results;
  {
    Pipeline pipeline(bright_model(), engine, {.readers = 2, .waiting = 100}, metrics, now);
    for (int i = 0; i < 50; ++i) results.push_back(submit(pipeline, {i % 2 == 0 ? 5 : 250}));
    pipeline.drain();
    submit(pipeline, {5});
    EXPECT_FALSE(taken);
  }
  for (int i = 0; i < 50; ++i) EXPECT_THAT(ages_of(results[i].get()), ElementsAre(i % 2 == 0 ? 20 : 70));
}

}  // namespace
}  // namespace agewise::serve
