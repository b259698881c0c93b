#include "agewise/weights/caffemodel.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/weights/caffe.pb.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {
namespace {

std::vector<std::int64_t> shape_of(const caffe::BlobProto& blob) {
  if (blob.has_shape()) return {blob.shape().dim().begin(), blob.shape().dim().end()};
  return {blob.num(), blob.channels(), blob.height(), blob.width()};
}

std::string name_of(const std::string& layer, int blob) {
  return layer + (blob == 0 ? ".weight" : blob == 1 ? ".bias" : fmt::format(".blob{}", blob));
}

// Takes the blob's numbers out of the message, so that they are not there twice for long.
NamedArray take(const std::string& name, caffe::BlobProto& blob) {
  NamedArray array{name, shape_of(blob), {}};
  auto there = static_cast<std::int64_t>(blob.data_size() > 0 ? blob.data_size() : blob.double_data_size());
  std::int64_t count = 1;
  for (std::int64_t length : array.shape) {
    if (length < 0 || __builtin_mul_overflow(count, length, &count))
      throw base::Error(fmt::format("array {}: has an impossible shape", name_text(name)));
  }
  if (count != there) {
    throw base::Error(fmt::format("array {}: its shape {} needs {} values, but it has {}", name_text(name),
                                  shape_text(array.shape), count, there));
  }
  if (blob.data_size() > 0) {
    array.values.assign(blob.data().begin(), blob.data().end());
  } else {
    array.values.assign(blob.double_data().begin(), blob.double_data().end());
  }
  blob.Clear();
  return array;
}

template <class Layers>
void take_layers(Layers& layers, WeightFile& weights) {
  for (auto& layer : layers) {
    for (int i = 0; i < layer.blobs_size(); ++i)
      weights.arrays.push_back(take(name_of(layer.name(), i), *layer.mutable_blobs(i)));
  }
}

}  // namespace

WeightFile parse_caffemodel(std::span<const std::byte> file) {
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw base::Error("is larger than 2 GiB, the format's limit");
  caffe::NetParameter net;
  if (!net.ParseFromArray(file.data(), static_cast<int>(file.size())))
    throw base::Error("is not a caffemodel, or is cut short");
  WeightFile weights;
  weights.network = net.name();
  take_layers(*net.mutable_layers(), weights);
  take_layers(*net.mutable_layer(), weights);
  if (weights.arrays.empty())
    throw base::Error("holds no weights; they are in the .caffemodel file, not in the .prototxt file");
  return weights;
}

WeightFile read_caffemodel(const std::filesystem::path& file) {
  base::MappedFile content = base::MappedFile::read_only(file);
  try {
    return parse_caffemodel(content.bytes());
  } catch (const base::Error& error) {
    throw base::file_error(file, error.what());
  }
}

bool is_caffemodel(const std::filesystem::path& file) {
  constexpr int kName = 0x0A, kOldLayer = 0x12, kLayer = 0xA2;  // field number and "length follows"
  int first = std::ifstream(file, std::ios::binary).get();
  return first == kName || first == kOldLayer || first == kLayer;
}

}  // namespace agewise::weights
