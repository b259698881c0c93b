#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/json.h"
#include "agewise/whiten/zca.h"

namespace agewise::whiten {
namespace {

using nlohmann::json;

constexpr const char* kMean = "whitening.mean";
constexpr const char* kBasis = "whitening.basis";
constexpr const char* kGain = "whitening.gain";

std::vector<float> read_finite(const weights::SafetensorsFile& file, const char* name,
                               const std::vector<std::int64_t>& shape) {
  std::vector<float> values = file.read(name, shape);
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    throw base::file_error(file.path(), fmt::format("array {}: holds a value that is not finite", name));
  }
  return values;
}

void read_text(const weights::SafetensorsFile& file, Zca& zca) {
  auto text = file.metadata().find(kWhiteningText);
  if (text == file.metadata().end()) throw base::file_error(file.path(), "holds no whitening transform");
  try {
    json fields = base::parse_json(text->second);
    zca.epsilon = fields.at("epsilon").get<double>();
    zca.identity_scale = fields.at("identity_scale").get<float>();
    zca.fitted_on = fields.at("fitted_on").get<int>();
  } catch (const json::exception& error) {
    throw base::file_error(file.path(), fmt::format("metadata {}: {}", kWhiteningText, error.what()));
  }
  if (!std::isfinite(zca.epsilon) || !std::isfinite(zca.identity_scale)) {
    throw base::file_error(file.path(), fmt::format("metadata {}: holds a number that is not finite", kWhiteningText));
  }
}

}  // namespace

std::vector<weights::TensorView> zca_tensors(const Zca& zca) {
  std::int64_t components = zca.components(), dimensions = zca.dimensions;
  return {
      {kMean, {dimensions}, zca.mean}, {kBasis, {components, dimensions}, zca.basis}, {kGain, {components}, zca.gain}};
}

std::string zca_text(const Zca& zca) {
  json fields{{"epsilon", zca.epsilon}, {"identity_scale", zca.identity_scale}, {"fitted_on", zca.fitted_on}};
  return base::json_text(fields);
}

Zca read_zca(const weights::SafetensorsFile& file) {
  Zca zca;
  read_text(file, zca);
  const std::vector<std::int64_t>& shape = file.shape(kBasis);
  constexpr std::int64_t kMostDimensions = 1 << 24;  // 4096 × 4096 pixels
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > shape[1] || shape[1] > kMostDimensions) {
    throw base::file_error(file.path(), fmt::format("array {}: must have the shape components × dimensions, but has {}",
                                                    kBasis, weights::shape_text(shape)));
  }
  zca.dimensions = static_cast<int>(shape[1]);
  zca.mean = read_finite(file, kMean, {shape[1]});
  zca.gain = read_finite(file, kGain, {shape[0]});
  zca.basis = read_finite(file, kBasis, shape);
  return zca;
}

void write_zca(const std::filesystem::path& file, const Zca& zca) {
  weights::write_safetensors(file, {{kWhiteningText, zca_text(zca)}}, zca_tensors(zca));
}

Zca read_zca(const std::filesystem::path& file) { return read_zca(weights::SafetensorsFile(file)); }

}  // namespace agewise::whiten
