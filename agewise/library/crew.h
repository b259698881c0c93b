// Pictures to ages for any number of callers at once: threads that read pictures, and one that owns engine and network.
//
//   estimate() ──► queue of pictures ──► readers (decode, find and cut faces) ──► queue of faces ──► the network
//
// No caller's thread ever calls OpenMP, so that what the caller has set of its own there stays as it is.
#pragma once
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <variant>
#include <vector>

#include "agewise/agewise.h"
#include "agewise/base/bounded_queue.h"
#include "agewise/estimate/estimator.h"
#include "agewise/estimate/model.h"
#include "agewise/face/reader.h"
#include "agewise/nn/engine.h"

namespace agewise::library {

struct CrewOptions {
  int threads = 1;  // that read pictures
  bool small_faces = false, distribution = false;
  int at_least = 0;  // years; 0: not asked for
};

using Source = std::variant<std::span<const std::byte>, ImageView>;
using MakeEngine = std::function<std::unique_ptr<nn::Engine>()>;

class Crew {
 public:
  // Calls `make_engine` once, on the network's thread. Throws what that, compiling and the detector throw.
  Crew(estimate::Model model, const MakeEngine& make_engine, const CrewOptions& options);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // An answer each, in order, when all are there. A single picture's faces are given to the network one by one and
  // those of several in batches of kFacesAtOnce, as `predict` does: what a face gets depends on no other. Any thread.
  // Throws what broke.
  std::vector<Picture> estimate(std::span<const Source> sources);

 private:
  struct Call;
  // One picture of a call, which outlives it.
  struct Task {
    Call* call;
    std::size_t index;
    face::PictureFaces faces;
    std::vector<estimate::Estimate> estimates;  // of its first faces
    std::exception_ptr problem;
    std::size_t left() const { return problem ? 0 : faces.cuts.size() - estimates.size(); }
  };

  std::unique_ptr<face::FaceReader> take_reader();
  void read_pictures();
  void read(Task& task);
  void compile(estimate::Model model, const MakeEngine& make_engine);
  void estimate_faces();
  void take(Task task);
  void estimate_alone(Task& task);
  void estimate_waiting(std::size_t count);
  Picture answer(const Task& task) const;
  void finish(Task& task);

  CrewOptions options_;
  recipe::FaceRecipe recipe_;
  base::BoundedQueue<Task> to_read_, read_;
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<face::FaceReader>> idle_;  // the last used last: its kernels are compiled
  // On the network's thread only.
  std::unique_ptr<nn::Engine> engine_;
  std::optional<estimate::Estimator> single_, batches_;
  std::vector<Task> waiting_;  // read, of calls of several pictures, with faces that have no estimate yet
  std::vector<std::thread> readers_;
  std::thread network_;
};

}  // namespace agewise::library
