#include "agewise/serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace agewise::serve {
namespace {

void put_head(std::string& text, const char* name, const char* kind, const char* help) {
  text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, kind, help);
}

template <class Number>
void put(std::string& text, const char* name, const char* kind, const char* help, Number value) {
  put_head(text, name, kind, help);
  text += fmt::format("{} {}\n", name, value);
}

void put(std::string& text, const char* name, const char* help, const Histogram& histogram) {
  put_head(text, name, "histogram", help);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    below += histogram.counts[i];
    std::string bound = i < histogram.bounds.size() ? fmt::format("{}", histogram.bounds[i]) : "+Inf";
    text += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, bound, below);
  }
  text += fmt::format("{0}_sum {1}\n{0}_count {2}\n", name, histogram.sum, below);
}

}  // namespace

void Histogram::add(double value) {
  auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  ++counts[static_cast<std::size_t>(bucket)];
  sum += value;
}

void Metrics::request(const std::string& route, int status, double seconds) {
  std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
  if (route == "/v1/estimate" && status == 200) seconds_.add(seconds);
}

void Metrics::picture(bool readable, std::size_t faces) {
  std::lock_guard lock(mutex_);
  ++(readable ? pictures_ : unreadable_);
  faces_ += faces;
}

void Metrics::batch(int faces, double seconds) {
  std::lock_guard lock(mutex_);
  batch_faces_.add(faces);
  network_seconds_ += seconds;
}

std::string Metrics::text(std::size_t waiting) const {
  std::lock_guard lock(mutex_);
  std::string text;
  put_head(text, "agewise_requests_total", "counter", "Requests answered, by path and status.");
  for (const auto& [key, count] : requests_) {
    text += fmt::format("agewise_requests_total{{path=\"{}\",status=\"{}\"}} {}\n", key.first, key.second, count);
  }
  put(text, "agewise_request_seconds", "Time of successful estimates, from the request's head to its answer.",
      seconds_);
  put(text, "agewise_pictures_total", "counter", "Pictures that were read.", pictures_);
  put(text, "agewise_pictures_unreadable_total", "counter", "Pictures that could not be read.", unreadable_);
  put(text, "agewise_faces_total", "counter", "Faces whose age was estimated.", faces_);
  put(text, "agewise_batch_faces", "Faces in one batch of the network.", batch_faces_);
  put(text, "agewise_network_seconds_total", "counter", "Time spent in the network.", network_seconds_);
  put(text, "agewise_waiting_pictures", "gauge", "Pictures waiting to be read.", waiting);
  return text;
}

}  // namespace agewise::serve
