#include "agewise/face/bundled.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "agewise/base/error.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::face {

std::map<std::string, std::string> network_texts();  // made at build from models/*.safetensors

namespace {

std::span<const std::byte> file_of(const std::string& stem) {
  static const std::map<std::string, std::string> kFiles = network_texts();
  return std::as_bytes(std::span(kFiles.at(stem)));
}

}  // namespace

std::string bundled_text(const std::string& stem, const std::string& name) {
  weights::SafetensorsHeader header = weights::parse_safetensors_header(file_of(stem));
  auto text = header.metadata.find(name);
  if (text == header.metadata.end())
    throw base::Error(fmt::format("models/{}.safetensors: metadata has no {}", stem, name));
  return text->second;
}

std::vector<float> bundled_parameters(const std::string& stem, const nn::Graph& graph) {
  std::span<const std::byte> file = file_of(stem);
  weights::SafetensorsHeader header = weights::parse_safetensors_header(file);
  std::vector<nn::ParameterInfo> infos = nn::parameters_of(graph);
  std::vector<float> parameters(static_cast<std::size_t>(nn::parameter_count(infos)));
  std::span<float> left(parameters);
  for (const nn::ParameterInfo& info : infos) {
    auto tensor = std::find_if(header.tensors.begin(), header.tensors.end(),
                               [&](const weights::StoredTensor& one) { return one.name == info.name; });
    if (tensor == header.tensors.end() || tensor->shape != info.shape)
      throw base::Error(fmt::format("models/{}.safetensors: has no array {} of shape {}", stem, info.name,
                                    weights::shape_text(info.shape)));
    weights::copy_values(*tensor, file, left.first(static_cast<std::size_t>(tensor->count)));
    left = left.subspan(static_cast<std::size_t>(tensor->count));
  }
  return parameters;
}

}  // namespace agewise::face
