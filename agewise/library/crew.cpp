#include "agewise/library/crew.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <utility>

#include "agewise/estimate/answer.h"
#include "agewise/estimate/pictures.h"
#include "agewise/library/views.h"

namespace agewise::library {
namespace {

// Pictures that are read and wait for the network, beside those that are being read: what bounds the memory of a call.
constexpr std::size_t kReadAhead = 2 * estimate::kFacesAtOnce;

}  // namespace

struct Crew::Call {
  std::span<const Source> sources;
  std::size_t unread;  // that the network has not got; its thread alone looks
  std::mutex mutex;
  std::condition_variable done;
  std::vector<Picture> pictures;
  std::size_t left;
  std::exception_ptr problem;

  explicit Call(std::span<const Source> with)
      : sources(with), unread(with.size()), pictures(with.size()), left(with.size()) {}
};

Crew::Crew(estimate::Model model, const MakeEngine& make_engine, const CrewOptions& options)
    : options_(options),
      recipe_(model.recipe.face),
      to_read_(2 * static_cast<std::size_t>(options.threads)),
      read_(kReadAhead) {
  std::promise<void> compiled;
  network_ = std::thread([&, this] {
    try {
      compile(std::move(model), make_engine);
    } catch (...) {
      return compiled.set_exception(std::current_exception());
    }
    compiled.set_value();  // what it was given goes
    estimate_faces();
  });
  try {
    compiled.get_future().get();
  } catch (...) {
    network_.join();
    throw;
  }
  for (int i = 0; i < options.threads; ++i) readers_.emplace_back([this] { read_pictures(); });
}

Crew::~Crew() {
  to_read_.close();
  for (std::thread& reader : readers_) reader.join();
  read_.close();
  network_.join();
}

std::vector<Picture> Crew::estimate(std::span<const Source> sources) {
  if (sources.empty()) return {};
  Call call(sources);
  for (std::size_t i = 0; i < sources.size(); ++i) to_read_.push({&call, i, {}, {}, {}});
  std::unique_lock lock(call.mutex);
  call.done.wait(lock, [&] { return call.left == 0; });
  if (call.problem) std::rethrow_exception(call.problem);
  return std::move(call.pictures);
}

void Crew::compile(estimate::Model model, const MakeEngine& make_engine) {
  idle_.push_back(take_reader());  // so that a detector that is missing is found now
  engine_ = make_engine();
  single_.emplace(model, *engine_, 1);
  batches_.emplace(std::move(model), *engine_, estimate::kFacesAtOnce);
}

std::unique_ptr<face::FaceReader> Crew::take_reader() {
  {
    std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<face::FaceReader> reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return std::make_unique<face::FaceReader>(recipe_, face::PixelLimit{});
}

void Crew::read_pictures() {
  while (std::optional<Task> task = to_read_.pop()) {
    try {
      read(*task);
    } catch (...) {
      task->problem = std::current_exception();
    }
    read_.push(*std::move(task));
  }
}

void Crew::read(Task& task) {
  std::unique_ptr<face::FaceReader> reader = take_reader();
  const Source& source = task.call->sources[task.index];
  if (const auto* view = std::get_if<ImageView>(&source)) {
    task.faces = reader->read(picture_of(*view), face::Everyone{});
  } else {
    task.faces = reader->read(std::get<0>(source), face::Everyone{});
  }
  std::lock_guard lock(idle_mutex_);
  idle_.push_back(std::move(reader));
}

void Crew::estimate_faces() {
  while (std::optional<Task> task = read_.pop()) take(*std::move(task));
}

// A call's faces wait for each other until its last picture is read, and then for nobody's.
void Crew::take(Task task) {
  bool is_last = --task.call->unread == 0;
  if (task.call->sources.size() == 1) estimate_alone(task);
  if (task.left() == 0) {
    finish(task);
  } else {
    waiting_.push_back(std::move(task));
  }
  std::size_t faces = 0, batch = estimate::kFacesAtOnce;
  for (const Task& one : waiting_) faces += one.left();
  estimate_waiting(is_last ? faces : faces / batch * batch);
}

void Crew::estimate_alone(Task& task) {
  if (task.left() == 0) return;
  std::vector<image::Image> faces;
  for (face::FaceCut& cut : task.faces.cuts) faces.push_back(std::move(cut.image));
  try {
    task.estimates = single_->estimate(faces);
  } catch (...) {  // the file of a large ensemble is gone
    task.problem = std::current_exception();
  }
}

void Crew::estimate_waiting(std::size_t count) {
  if (count == 0) return;
  try {
    estimate::estimate_first(*batches_, waiting_, count,
                             [](Task& task, std::size_t i) { return std::move(task.faces.cuts[i].image); });
  } catch (...) {
    for (Task& task : waiting_) task.problem = std::current_exception();
  }
  auto ready =
      std::stable_partition(waiting_.begin(), waiting_.end(), [](const Task& task) { return task.left() > 0; });
  std::for_each(ready, waiting_.end(), [this](Task& task) { finish(task); });
  waiting_.erase(ready, waiting_.end());
}

Picture Crew::answer(const Task& task) const {
  const face::PictureFaces& faces = task.faces;
  Picture picture;
  picture.readable = faces.problem.empty();
  picture.reason = faces.problem;
  if (!picture.readable) return picture;
  const int width = faces.info.width, height = faces.info.height;
  image::Box upright =
      image::turned_upright({0, 0, double(width), double(height)}, width, height, faces.info.orientation);
  picture.width = static_cast<int>(upright.right);
  picture.height = static_cast<int>(upright.bottom);
  if (faces.cuts.empty()) picture.reason = estimate::kNoFace;
  for (std::size_t i = 0; i < faces.cuts.size(); ++i) {
    const std::string& refusal = options_.small_faces ? "" : faces.refusals[i];
    picture.faces.push_back(
        estimate::face_of(single_->model(), faces.cuts[i], refusal, task.estimates[i], options_.at_least));
    if (options_.distribution && picture.faces.back().age)
      picture.faces.back().distribution = estimate::distribution_of(task.estimates[i]);
  }
  return picture;
}

// The call may be gone afterwards.
void Crew::finish(Task& task) {
  Call& call = *task.call;
  Picture picture;
  try {
    if (!task.problem) picture = answer(task);
  } catch (...) {
    task.problem = std::current_exception();
  }
  std::lock_guard lock(call.mutex);
  if (task.problem && !call.problem) call.problem = task.problem;
  call.pictures[task.index] = std::move(picture);
  if (--call.left == 0) call.done.notify_one();
}

}  // namespace agewise::library
