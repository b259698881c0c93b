#include "agewise/serve/pipeline.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "agewise/serve/picture_cost.h"

namespace agewise::serve {
namespace {

constexpr std::size_t kManyParameters = 16'000'000;
constexpr std::size_t kReadAhead = 4;  // batches whose faces wait for the network
constexpr int kLowPriority = 10;       // further, as nice(1) counts: a tenth of the processor beside a busy thread

std::string text_of(const std::exception& problem) {
  bool memory = dynamic_cast<const std::bad_alloc*>(&problem) != nullptr;
  return memory ? "needs more memory than is available" : problem.what();
}

// Of the calling thread, which on Linux has one of its own. Where that is not allowed it stays as it is.
void lower_priority() {
  constexpr int kLowest = 19;
  int now = ::getpriority(PRIO_PROCESS, 0);
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), std::min(kLowest, now + kLowPriority));
}

// Its header alone: a picture of any size is too large for no pixels.
image::PictureInfo header_of(std::span<const std::byte> file) { return image::decode(file, {.max_pixels = 0}).info; }

std::size_t part_of_one_client(const PipelineOptions& options) {
  return std::max(options.largest_job, static_cast<std::size_t>(options.one_client * options.waiting));
}

}  // namespace

struct Pipeline::Job {
  PictureJob task;
  double since;
  std::vector<PictureResult> results;
  std::atomic<std::size_t> left;
  std::atomic<bool> late{false};

  Job(PictureJob&& with, double now)
      : task(std::move(with)), since(now), results(task.pictures.size()), left(task.pictures.size()) {}
};

std::vector<int> batch_sizes(int largest, std::size_t parameters) {
  std::vector<int> sizes{1};
  if (parameters <= kManyParameters) {
    for (int size = 2; size < largest; size *= 2) sizes.push_back(size);
  }
  if (largest > 1) sizes.push_back(largest);
  return sizes;
}

Pipeline::Pipeline(estimate::Model model, nn::Engine& engine, const PipelineOptions& options, Metrics& metrics,
                   base::Clock clock)
    : options_(options),
      metrics_(metrics),
      clock_(std::move(clock)),
      sizes_(batch_sizes(options.batch, model.parameters.size() * estimate::member_count(model))),
      small_({static_cast<std::size_t>(options.waiting), part_of_one_client(options)}),
      large_({static_cast<std::size_t>(options.waiting), part_of_one_client(options)}),
      read_({kReadAhead * static_cast<std::size_t>(options.batch), 0}) {
  std::vector<face::FaceReader> readers;  // here, where what they need and do not find can still be said
  for (int i = 0; i < 2 * options.readers; ++i)
    readers.emplace_back(model.recipe.face, face::PixelLimit{options.max_pixels});
  for (int size : sizes_) estimators_.push_back(std::make_unique<estimate::Estimator>(model, engine, size));
  model = {};  // its parameters are with the estimators
  for (std::size_t i = 0; i < readers.size(); i += 2) {
    readers_.emplace_back([this, own = std::move(readers[i])]() mutable { read_small(own); });
    large_readers_.emplace_back([this, own = std::move(readers[i + 1])]() mutable { read_large(own); });
  }
  network_ = std::thread([this] { estimate_faces(); });
}

void Pipeline::drain() {
  if (!network_.joinable()) return;
  small_.close();
  for (std::thread& reader : readers_) reader.join();
  large_.close();
  for (std::thread& reader : large_readers_) reader.join();
  read_.close();
  network_.join();
}

bool Pipeline::submit(PictureJob& job) {
  auto made = std::make_shared<Job>(std::move(job), clock_());
  std::vector<Picture> pictures;
  for (std::size_t i = 0; i < made->results.size(); ++i) pictures.push_back({made, i});
  being_read_ += static_cast<int>(pictures.size());
  if (small_.try_push(made->task.client, pictures)) return true;
  being_read_ -= static_cast<int>(pictures.size());
  job = std::move(made->task);
  return false;
}

void Pipeline::read_small(face::FaceReader& reader) {
  while (std::optional<Picture> picture = small_.pop()) {
    bool large = false;
    try {
      large = is_large(header_of(picture->job->task.pictures[picture->index]));
    } catch (const std::bad_alloc&) {  // will be thrown again, and be the picture's problem
    }
    if (!large) small_.charge(picture->job->task.client, read(*picture, reader));
    --being_read_;  // before the network sees it, which would wait for others that are being read
    large ? put_off(*picture) : hand_on(*picture);
  }
}

void Pipeline::read_large(face::FaceReader& reader) {
  lower_priority();
  while (std::optional<Picture> picture = large_.pop()) {
    large_.charge(picture->job->task.client, read(*picture, reader));
    hand_on(*picture);
  }
}

void Pipeline::put_off(const Picture& picture) {
  std::vector<Picture> one{picture};
  if (large_.try_push(picture.job->task.client, one)) return;
  picture.job->late = true;
  finish(picture);
}

// Its cost, in seconds of the processor.
double Pipeline::read(const Picture& picture, face::FaceReader& reader) {
  Job& job = *picture.job;
  PictureResult& result = job.results[picture.index];
  auto time = [this] { return options_.thread_clock ? options_.thread_clock() : 0; };
  const double begin = time();
  if (clock_() - job.since > options_.give_up_seconds) job.late = true;
  if (!job.late) {
    reader.stop_when([&] { return time() - begin > options_.picture_seconds; });
    try {
      result.faces = reader.read(job.task.pictures[picture.index], face::Everyone{});
    } catch (const std::exception& problem) {  // a library that is not installed, a face of no size
      result.faces.problem = text_of(problem);
    }
  }
  return time() - begin;
}

void Pipeline::hand_on(const Picture& picture) {
  if (faces_of(picture) == 0) return finish(picture);
  read_.push(picture.job->task.client, picture);
}

// Each turn is one call of the network for those that are ready together, and one for a picture of many faces.
void Pipeline::estimate_faces() {
  while (true) {
    std::optional<Picture> first = crowds_.empty() ? read_.pop() : read_.pop_within(0);
    if (!first && crowds_.empty()) return;
    if (first) {
      std::vector<Picture> batch = gather(std::move(*first));
      try {
        if (!batch.empty()) estimate(batch);
      } catch (const std::exception& problem) {  // no memory, the file of a large ensemble gone
        set_problem(batch, problem);
      }
      for (const Picture& picture : batch) finish(picture);
    }
    if (!crowds_.empty()) go_on_with_a_crowd();
  }
}

void Pipeline::set_problem(std::span<const Picture> pictures, const std::exception& problem) {
  for (const Picture& picture : pictures) {
    PictureResult& result = picture.job->results[picture.index] = {};
    result.faces.problem = text_of(problem);
  }
}

std::size_t Pipeline::faces_of(const Picture& picture) { return picture.job->results[picture.index].faces.cuts.size(); }

// Nobody where all that came are crowds.
std::vector<Pipeline::Picture> Pipeline::gather(Picture first) {
  const auto largest = static_cast<std::size_t>(options_.batch);
  std::vector<Picture> batch;
  std::size_t faces = 0;
  double end = clock_() + options_.gather_seconds;
  std::optional<Picture> next = std::move(first);
  while (next) {
    std::size_t more = faces_of(*next);
    read_.charge(next->job->task.client, static_cast<double>(more));
    if (more > largest) {
      crowds_.push_back({std::move(*next), {}});
    } else {
      faces += more;
      batch.push_back(std::move(*next));
    }
    if (faces >= largest) break;
    next = read_.pop_within(being_read_ > 0 && crowds_.empty() ? std::max(0.0, end - clock_()) : 0);
  }
  return batch;
}

std::vector<estimate::Estimate> Pipeline::ages_of(std::span<const image::Image> faces) {
  double begin = clock_();
  auto fits =
      std::find_if(sizes_.begin(), sizes_.end() - 1, [&](int size) { return faces.size() <= std::size_t(size); });
  std::vector<estimate::Estimate> estimates =
      estimators_[static_cast<std::size_t>(fits - sizes_.begin())]->estimate(faces);
  metrics_.batch(static_cast<int>(faces.size()), clock_() - begin);
  return estimates;
}

// The last of a batch may make it a few faces too many: then it takes two calls.
void Pipeline::estimate(std::span<const Picture> batch) {
  std::vector<image::Image> faces;
  for (const Picture& picture : batch) {
    for (face::FaceCut& cut : picture.job->results[picture.index].faces.cuts) faces.push_back(std::move(cut.image));
  }
  std::vector<estimate::Estimate> estimates = ages_of(faces);
  auto next = std::make_move_iterator(estimates.begin());
  for (const Picture& picture : batch) {
    PictureResult& result = picture.job->results[picture.index];
    auto count = static_cast<std::ptrdiff_t>(result.faces.cuts.size());
    result.estimates.assign(next, next + count);
    next += count;
  }
}

void Pipeline::go_on_with_a_crowd() {
  Crowd crowd = std::move(crowds_.front());
  crowds_.pop_front();
  PictureResult& result = crowd.picture.job->results[crowd.picture.index];
  std::vector<image::Image> faces;
  std::size_t end =
      std::min(result.faces.cuts.size(), crowd.estimates.size() + static_cast<std::size_t>(options_.batch));
  for (std::size_t i = crowd.estimates.size(); i < end; ++i) faces.push_back(std::move(result.faces.cuts[i].image));
  try {
    std::vector<estimate::Estimate> estimates = ages_of(faces);
    std::move(estimates.begin(), estimates.end(), std::back_inserter(crowd.estimates));
  } catch (const std::exception& problem) {
    set_problem({&crowd.picture, 1}, problem);
    return finish(crowd.picture);
  }
  if (crowd.estimates.size() < result.faces.cuts.size()) return crowds_.push_back(std::move(crowd));
  result.estimates = std::move(crowd.estimates);
  finish(crowd.picture);
}

void Pipeline::finish(const Picture& picture) {
  Job& job = *picture.job;
  const PictureResult& result = job.results[picture.index];
  if (!job.late) metrics_.picture(result.faces.problem.empty(), result.estimates.size());
  if (--job.left > 0) return;
  if (job.late) job.results.clear();
  job.task.done(job.results);
}

}  // namespace agewise::serve
