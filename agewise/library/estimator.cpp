// AgeEstimator: the model and its crew.
#include <unistd.h>

#include <utility>

#include "agewise/agewise.h"
#include "agewise/base/error.h"
#include "agewise/estimate/answer.h"
#include "agewise/library/call.h"
#include "agewise/library/crew.h"
#include "agewise/library/model.h"

namespace agewise {

using library::told;

class AgeEstimator::Host {
 public:
  Host(library::OpenedModel opened, const Options& options)
      : file(opened.file.string()),
        warning(std::move(opened.warning)),
        notes(opened.model.notes),
        classes(library::classes_of(opened.model.classes)) {
    int threads = library::threads_of(options.threads);
    if (options.at_least != 0) estimate::check_at_least(opened.model, options.at_least);
    crew_ = std::make_unique<library::Crew>(
        std::move(opened.model), [&] { return library::engine_of(threads, options.kernels); },
        library::CrewOptions{threads, options.small_faces, options.distribution, options.at_least});
  }
  // In a child process its threads do not exist: what is theirs stays as it is.
  ~Host() {
    if (::getpid() != process_) (void)crew_.release();
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  std::vector<Picture> estimate(std::span<const library::Source> sources) {
    return told([&] {
      if (::getpid() != process_)
        throw base::UsageError("this estimator was opened before fork(): open another one in the child process");
      return crew_->estimate(sources);
    });
  }

  template <class Item>
  std::vector<Picture> estimate_all(std::span<const Item> items) {
    std::vector<library::Source> sources(items.begin(), items.end());
    return estimate(sources);
  }

  const std::string file, warning;
  const std::map<std::string, std::string> notes;
  const std::vector<AgeClass> classes;

 private:
  pid_t process_ = ::getpid();
  std::unique_ptr<library::Crew> crew_;
};

AgeEstimator::AgeEstimator(std::unique_ptr<Host> host) : host_(std::move(host)) {}
AgeEstimator::AgeEstimator(AgeEstimator&&) noexcept = default;
AgeEstimator& AgeEstimator::operator=(AgeEstimator&&) noexcept = default;
AgeEstimator::~AgeEstimator() = default;

AgeEstimator AgeEstimator::open(const Options& options) {
  return told([&] {
    library::Detection detection{options.detect, options.ready_crops, options.detector};
    return AgeEstimator(std::make_unique<Host>(library::open_model(options.model, detection), options));
  });
}

AgeEstimator AgeEstimator::open(const std::string& model) {
  Options options;
  options.model = model;
  return open(options);
}

Picture AgeEstimator::estimate(std::span<const std::byte> file) const {
  const library::Source source = file;
  return host_->estimate({&source, 1}).front();
}

Picture AgeEstimator::estimate(const ImageView& image) const {
  const library::Source source = image;
  return host_->estimate({&source, 1}).front();
}

std::vector<Picture> AgeEstimator::estimate_all(std::span<const std::span<const std::byte>> files) const {
  return host_->estimate_all(files);
}

std::vector<Picture> AgeEstimator::estimate_all(std::span<const ImageView> images) const {
  return host_->estimate_all(images);
}

const std::string& AgeEstimator::model_file() const { return host_->file; }
const std::vector<AgeClass>& AgeEstimator::classes() const { return host_->classes; }
const std::map<std::string, std::string>& AgeEstimator::notes() const { return host_->notes; }
const std::string& AgeEstimator::warning() const { return host_->warning; }

const char* version() { return AGEWISE_VERSION; }

}  // namespace agewise
