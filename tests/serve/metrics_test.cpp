#include "agewise/serve/metrics.h"

#include <gmock/gmock.h>

namespace agewise::serve {
namespace {

using testing::HasSubstr;

// Buckets count what is at most their bound, and all smaller ones with it (Prometheus, "Exposition formats").
TEST(Metrics, writes_histograms_as_prometheus_reads_them) {
  Metrics metrics;
  metrics.request("/v1/estimate", 200, 0.002);
  metrics.request("/v1/estimate", 200, 0.0021);
  metrics.request("/v1/estimate", 200, 100);
  metrics.request("/v1/estimate", 422, 0.5);  // no estimate: not among the times
  std::string text = metrics.text(3);
  EXPECT_THAT(text, HasSubstr("# HELP agewise_request_seconds Time of successful estimates"));
  EXPECT_THAT(text,
              HasSubstr("# TYPE agewise_request_seconds histogram\nagewise_request_seconds_bucket{le=\"0.001\"} 0\n"
                        "agewise_request_seconds_bucket{le=\"0.002\"} 1\n"
                        "agewise_request_seconds_bucket{le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("agewise_request_seconds_bucket{le=\"30\"} 2\n"
                              "agewise_request_seconds_bucket{le=\"+Inf\"} 3\n"
                              "agewise_request_seconds_sum 100.0041\nagewise_request_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("\nagewise_waiting_pictures 3\n"));
}

TEST(Metrics, counts_batches_by_their_faces) {
  Metrics metrics;
  metrics.batch(1, 0.25);
  metrics.batch(16, 0.5);
  EXPECT_THAT(metrics.text(0), HasSubstr("agewise_batch_faces_sum 17\nagewise_batch_faces_count 2\n"));
  EXPECT_THAT(metrics.text(0), HasSubstr("\nagewise_network_seconds_total 0.75\n"));
}

}  // namespace
}  // namespace agewise::serve
