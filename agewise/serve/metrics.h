// Figures of the service in Prometheus' text format (version 0.0.4).
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace agewise::serve {

// Upper bounds of a histogram's buckets and what fell into them.
struct Histogram {
  std::vector<double> bounds;  // ascending; +Inf follows
  std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(bounds.size() + 1);
  double sum = 0;

  void add(double value);
};

// Any thread.
class Metrics {
 public:
  // `route` is one of the service's own paths, or "other": what clients make up must not become a label.
  void request(const std::string& route, int status, double seconds);
  void picture(bool readable, std::size_t faces);
  void batch(int faces, double seconds);  // one call of the network

  // With how many pictures are waiting now.
  std::string text(std::size_t waiting) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::uint64_t pictures_ = 0, unreadable_ = 0, faces_ = 0;
  Histogram seconds_{{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30}};
  Histogram batch_faces_{{1, 2, 4, 8, 16, 32, 64}};
  double network_seconds_ = 0;
};

}  // namespace agewise::serve
