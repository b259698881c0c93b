// Pictures in, ages out, many at once: threads that read pictures, and one that owns the network and gathers what is
// ready into one call.
//
//   submit() ──► queue of pictures ──► readers (decode, find and cut faces) ──► queue of faces ──► the network
//                                        └► queue of large ones ──► readers of those, by and by ──►┘
//
// Large is what takes long to decode (picture_cost.h). Its readers are as many, but run at a lower priority of the
// operating system: whatever they do, small pictures are read as if they were not there. Between clients these
// queues are fair by processor time, and the queue of faces by the number of faces.
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/estimate/estimator.h"
#include "agewise/face/reader.h"
#include "agewise/nn/engine.h"
#include "agewise/serve/fair_queue.h"
#include "agewise/serve/metrics.h"

namespace agewise::serve {

struct PipelineOptions {
  int readers = 1;                // threads
  int batch = 16;                 // faces in one call of the network, at most
  double gather_seconds = 0.002;  // that faces wait for others that are being read; none waits while none is
  int waiting = 256;              // pictures that wait to be read, of each queue; more are not taken
  double one_client = 0.5;        // of each queue a client may fill so much, but at least one job's pictures
  std::size_t largest_job = 32;   // pictures
  // Processor time of one picture, in which it is decoded, or counts as unreadable; by the clock of the calling thread,
  // without which there is no limit. Only JPEG decoders are stopped in the middle; the others' work is bounded by their
  // pixels.
  double picture_seconds = 10;
  base::Clock thread_clock = {};
  std::uint64_t max_pixels = 50'000'000;  // of a picture in memory, of each reader
  double give_up_seconds = 30;            // a request that has waited so long is not begun
};

// One picture of a job, and what became of it.
struct PictureResult {
  face::PictureFaces faces;
  std::vector<estimate::Estimate> estimates;  // one a face
};

struct PictureJob {
  std::string client = {};                           // who sent it: an address, for fairness only
  std::vector<std::byte> body;                       // what the pictures lie in
  std::vector<std::span<const std::byte>> pictures;  // at least one
  // Called once, from any thread: with a result a picture, or without any where the job waited too long.
  std::function<void(const std::vector<PictureResult>&)> done;
};

class Pipeline {
 public:
  // Compiles the network for several batch sizes, so that few faces do not pay for many. `engine` must outlive this
  // and belongs to it alone.
  Pipeline(estimate::Model model, nn::Engine& engine, const PipelineOptions& options, Metrics& metrics,
           base::Clock clock);
  ~Pipeline() { drain(); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  const estimate::Model& model() const { return estimators_.front()->model(); }
  // False, and `job` untouched, where there is no room for its pictures. Any thread.
  bool submit(PictureJob& job);
  // Takes nothing more, and returns when all that was submitted is done.
  void drain();
  std::size_t waiting() const { return small_.size() + large_.size(); }

 private:
  struct Job;
  struct Picture {
    std::shared_ptr<Job> job;
    std::size_t index;
  };

  // One whose faces are more than one call of the network takes: between its calls others have theirs.
  struct Crowd {
    Picture picture;
    std::vector<estimate::Estimate> estimates;  // so far
  };

  void read_small(face::FaceReader& reader);
  void read_large(face::FaceReader& reader);
  void put_off(const Picture& picture);
  double read(const Picture& picture, face::FaceReader& reader);
  void hand_on(const Picture& picture);
  void estimate_faces();
  std::vector<Picture> gather(Picture first);
  std::vector<estimate::Estimate> ages_of(std::span<const image::Image> faces);
  void estimate(std::span<const Picture> batch);
  void go_on_with_a_crowd();
  void finish(const Picture& picture);
  static void set_problem(std::span<const Picture> pictures, const std::exception& problem);
  static std::size_t faces_of(const Picture& picture);

  PipelineOptions options_;
  Metrics& metrics_;
  base::Clock clock_;
  std::vector<std::unique_ptr<estimate::Estimator>> estimators_;  // by ascending batch size
  std::vector<int> sizes_;
  FairQueue<Picture> small_, large_;
  FairQueue<Picture> read_;         // with faces; where it is full the readers wait
  std::deque<Crowd> crowds_;        // on the network's thread only
  std::atomic<int> being_read_{0};  // taken in, small, and not in read_ yet
  std::vector<std::thread> readers_, large_readers_;
  std::thread network_;
};

// The batch sizes that a network is compiled for: 1, 2, 4 … and the largest; of a network of many parameters, which
// would be held once for each, only 1 and the largest.
std::vector<int> batch_sizes(int largest, std::size_t parameters);

}  // namespace agewise::serve
