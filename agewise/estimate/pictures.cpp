#include "agewise/estimate/pictures.h"

#include <deque>
#include <utility>

namespace agewise::estimate {
namespace {

struct Waiting {
  face::ReadPicture picture;
  std::vector<Estimate> estimates;  // of its first faces
  std::size_t left() const { return picture.faces.cuts.size() - estimates.size(); }
};

// Pictures in order, and how many of their faces have no estimate yet.
class Line {
 public:
  Line(Estimator& estimator, face::ManyReader& reader, const PictureDone& done)
      : estimator_(estimator), reader_(reader), done_(done) {}

  void add(face::ReadPicture picture) {
    faces_ += picture.faces.cuts.size();
    pictures_.push_back({std::move(picture), {}});
  }

  std::size_t faces() const { return faces_; }

  // Of the first `count` faces that wait.
  void estimate(std::size_t count) {
    if (count == 0) return;
    estimate_first(estimator_, pictures_, count,
                   [](const Waiting& one, std::size_t i) { return one.picture.faces.cuts[i].image; });
    faces_ -= count;
  }

  // Of all pictures up to the first that still has a face without an estimate.
  void tell(const base::StopFlag& stop) {
    while (!pictures_.empty() && pictures_.front().left() == 0 && !stop) {
      done_(pictures_.front().picture, pictures_.front().estimates);
      reader_.release(pictures_.front().estimates.size());
      pictures_.pop_front();
    }
  }

 private:
  Estimator& estimator_;
  face::ManyReader& reader_;
  const PictureDone& done_;
  std::deque<Waiting> pictures_;
  std::size_t faces_ = 0;
};

}  // namespace

void estimate_pictures(std::span<face::FaceReader> readers, face::NextFile next, const face::ReadManyOptions& options,
                       Estimator& estimator, const PictureDone& done, const base::StopFlag& stop) {
  face::ManyReader reader(readers, std::move(next), options);
  Line line(estimator, reader, done);
  std::size_t batch = estimator.batch();
  while (!stop) {
    std::optional<face::ReadPicture> picture = reader.take();
    bool last = !picture;
    if (picture) line.add(std::move(*picture));
    line.estimate(last || reader.is_full() ? line.faces() : line.faces() / batch * batch);
    line.tell(stop);
    if (last) return;
  }
}

}  // namespace agewise::estimate
