#include "agewise/serve/pipeline.h"

#include <algorithm>

namespace agewise::serve {
namespace {

constexpr std::size_t kManyParameters = 16'000'000;
constexpr std::size_t kReadAhead = 4;  // batches whose faces wait for the network

std::string text_of(const std::exception& problem) {
  bool memory = dynamic_cast<const std::bad_alloc*>(&problem) != nullptr;
  return memory ? "takes more memory than there is" : problem.what();
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
      sizes_(batch_sizes(options.batch, model.parameters.size() * (1 + model.others.size()))),
      pictures_(static_cast<std::size_t>(options.waiting)),
      read_(kReadAhead * static_cast<std::size_t>(options.batch)) {
  std::vector<face::FaceReader> readers;  // here, where what they need and do not find can still be said
  for (int i = 0; i < options.readers; ++i)
    readers.emplace_back(model.recipe.face, face::PixelLimit{options.max_pixels});
  for (int size : sizes_) estimators_.push_back(std::make_unique<estimate::Estimator>(model, engine, size));
  model = {};  // its parameters are with the estimators
  for (face::FaceReader& reader : readers)
    readers_.emplace_back([this, own = std::move(reader)]() mutable { read_pictures(own); });
  network_ = std::thread([this] { estimate_faces(); });
}

void Pipeline::drain() {
  if (!network_.joinable()) return;
  pictures_.close();
  for (std::thread& reader : readers_) reader.join();
  read_.close();
  network_.join();
}

bool Pipeline::submit(PictureJob& job) {
  auto made = std::make_shared<Job>(std::move(job), clock_());
  std::vector<Picture> pictures;
  for (std::size_t i = 0; i < made->results.size(); ++i) pictures.push_back({made, i});
  being_read_ += static_cast<int>(pictures.size());
  if (pictures_.try_push(pictures)) return true;
  being_read_ -= static_cast<int>(pictures.size());
  job = std::move(made->task);
  return false;
}

void Pipeline::read_pictures(face::FaceReader& reader) {
  while (std::optional<Picture> picture = pictures_.pop()) {
    Job& job = *picture->job;
    if (clock_() - job.since > options_.give_up_seconds) job.late = true;
    if (!job.late) {
      try {
        job.results[picture->index].faces = reader.read(job.task.pictures[picture->index], face::Everyone{});
      } catch (const std::exception& problem) {  // a library that is not installed, a face of no size
        job.results[picture->index].faces.problem = text_of(problem);
      }
    }
    bool has_faces = !job.results[picture->index].faces.cuts.empty();
    if (has_faces) read_.push(*picture);
    --being_read_;
    if (!has_faces) finish(*picture);
  }
}

void Pipeline::estimate_faces() {
  while (std::optional<Picture> first = read_.pop()) {
    std::vector<Picture> batch = gather(std::move(*first));
    try {
      estimate(batch);
    } catch (const std::exception& problem) {  // no memory, the file of a large ensemble gone
      for (const Picture& picture : batch) {
        PictureResult& result = picture.job->results[picture.index] = {};
        result.faces.problem = text_of(problem);
      }
    }
    for (const Picture& picture : batch) finish(picture);
  }
}

std::vector<Pipeline::Picture> Pipeline::gather(Picture first) {
  auto faces_of = [](const Picture& picture) { return picture.job->results[picture.index].faces.cuts.size(); };
  std::vector<Picture> batch{std::move(first)};
  std::size_t faces = faces_of(batch.front());
  double end = clock_() + options_.gather_seconds;
  while (faces < static_cast<std::size_t>(options_.batch)) {
    double left = being_read_ > 0 ? std::max(0.0, end - clock_()) : 0;
    std::optional<Picture> next = read_.pop_within(left);
    if (!next) break;
    faces += faces_of(*next);
    batch.push_back(std::move(*next));
  }
  return batch;
}

// Faces that are more than the largest batch go through the network in several calls.
void Pipeline::estimate(std::span<Picture> batch) {
  std::vector<image::Image> faces;
  for (const Picture& picture : batch) {
    for (face::FaceCut& cut : picture.job->results[picture.index].faces.cuts) faces.push_back(std::move(cut.image));
  }
  double begin = clock_();
  auto fits =
      std::find_if(sizes_.begin(), sizes_.end() - 1, [&](int size) { return faces.size() <= std::size_t(size); });
  std::vector<estimate::Estimate> estimates =
      estimators_[static_cast<std::size_t>(fits - sizes_.begin())]->estimate(faces);
  metrics_.batch(static_cast<int>(faces.size()), clock_() - begin);
  auto next = std::make_move_iterator(estimates.begin());
  for (const Picture& picture : batch) {
    PictureResult& result = picture.job->results[picture.index];
    auto count = static_cast<std::ptrdiff_t>(result.faces.cuts.size());
    result.estimates.assign(next, next + count);
    next += count;
  }
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
