#include "agewise/weights/pth.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <optional>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/weights/half.h"
#include "agewise/weights/pickle.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {
namespace {

using Bytes = std::span<const std::byte>;
using Kind = PickleValue::Kind;

constexpr std::size_t kLongestName = 1000;
constexpr std::size_t kMostDimensions = 8;

struct NumberType {
  std::size_t bytes;
  bool whole;
};

std::optional<NumberType> type_of(const std::string& name) {
  static const std::map<std::string, NumberType> types{
      {"torch FloatStorage", {4, false}},    {"torch DoubleStorage", {8, false}}, {"torch HalfStorage", {2, false}},
      {"torch BFloat16Storage", {2, false}}, {"torch LongStorage", {8, true}},    {"torch IntStorage", {4, true}},
      {"torch ShortStorage", {2, true}},     {"torch CharStorage", {1, true}},    {"torch ByteStorage", {1, true}},
      {"torch BoolStorage", {1, true}}};
  auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

template <class T>
T number_at(Bytes bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);  // little-endian
  return value;
}

float float_at(const std::string& type, Bytes bytes, std::size_t index) {
  if (type == "torch FloatStorage") return number_at<float>(bytes, index);
  if (type == "torch DoubleStorage") return static_cast<float>(number_at<double>(bytes, index));
  auto half = number_at<std::uint16_t>(bytes, index);
  if (type == "torch HalfStorage") return from_half(half);
  auto wide = static_cast<std::uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

// The storages' bytes by their keys.
using Storages = std::map<std::string, Bytes>;

// The tensors that a pickle describes.
class Tensors {
 public:
  Tensors(const Pickle& pickle, const Storages& storages, std::size_t file_bytes)
      : pickle_(pickle), storages_(storages), numbers_left_(static_cast<std::int64_t>(file_bytes)) {}

  WeightFile read() {
    const PickleValue& all = dictionary();
    for (std::size_t i = 0; i + 1 < all.items.size(); i += 2) {
      const PickleValue &name = at(all.items[i]), &value = at(all.items[i + 1]);
      if (value.kind != Kind::tensor) continue;
      if (name.kind != Kind::text || name.text.size() > kLongestName)
        throw base::Error("a tensor's name is not a string, or is too long");
      add(name.text, value);
    }
    if (weights_.arrays.empty()) throw base::Error("holds no dictionary of tensors: save the model's state_dict()");
    return std::move(weights_);
  }

 private:
  const PickleValue& at(int index) const { return pickle_.values[static_cast<std::size_t>(index)]; }

  std::size_t tensors_in(const PickleValue& dict) const {
    std::size_t count = 0;
    for (std::size_t i = 1; i < dict.items.size(); i += 2) {
      if (at(dict.items[i]).kind == Kind::tensor && at(dict.items[i - 1]).kind == Kind::text) ++count;
    }
    return count;
  }

  // The better of equally large dictionaries by their names.
  static int rank_of(const std::string& name) {
    static const std::vector<std::string> names{"state_dict", "model_state_dict", "model", "net", "weights", "params"};
    auto found = std::find(names.begin(), names.end(), name);
    bool average = name.find("ema") != std::string::npos || name.find("avg") != std::string::npos;
    return found != names.end() ? static_cast<int>(found - names.begin()) : average ? 1000 : 100;
  }

  static bool is_optimisers(const std::string& name) {
    return name.find("optim") != std::string::npos || name.find("sched") != std::string::npos;
  }

  struct Found {
    int index;
    std::size_t tensors;
    int rank;
  };

  const PickleValue& dictionary() const {
    if (at(pickle_.root).kind == Kind::object)
      throw base::Error(
          "holds a whole model, which cannot be loaded without its Python code: save the model's state_dict()");
    std::optional<Found> best;
    std::vector<bool> seen(pickle_.values.size(), false);
    std::vector<std::pair<int, int>> waiting{{pickle_.root, rank_of("")}};  // with the rank of its name
    for (std::size_t next = 0; next < waiting.size(); ++next) {
      auto [index, rank] = waiting[next];
      const PickleValue& value = at(index);
      if (seen[static_cast<std::size_t>(index)]) continue;
      seen[static_cast<std::size_t>(index)] = true;
      if (value.kind == Kind::sequence) {
        for (int item : value.items) waiting.emplace_back(item, rank);
      }
      if (value.kind != Kind::dict && value.kind != Kind::object) continue;
      Found found{index, tensors_in(value), rank};
      bool better =
          !best || found.tensors > best->tensors || (found.tensors == best->tensors && found.rank < best->rank);
      if (found.tensors > 0 && better) best = found;
      for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const std::string& name = at(value.items[i]).text;
        if (!is_optimisers(name)) waiting.emplace_back(value.items[i + 1], rank_of(name));
      }
    }
    if (!best) throw base::Error("holds no dictionary of tensors: save the model's state_dict()");
    return at(best->index);
  }

  std::vector<std::int64_t> numbers_of(const std::string& name, int sequence) const {
    std::vector<std::int64_t> numbers;
    for (int item : at(sequence).items) {
      if (at(item).kind != Kind::integer || at(item).number < 0 || numbers.size() == kMostDimensions)
        throw base::Error(fmt::format("array {}: has an impossible shape", name_text(name)));
      numbers.push_back(at(item).number);
    }
    return numbers;
  }

  void add(const std::string& name, const PickleValue& tensor) {
    const PickleValue& storage = at(tensor.items[0]);
    const std::string& type = at(storage.items[0]).text;
    std::optional<NumberType> number = type_of(type);
    if (!number)
      throw base::Error(fmt::format("array {}: has type {}, which is not supported", name_text(name), name_text(type)));
    if (number->whole) return weights_.skipped.push_back(name);
    auto found = storages_.find(storage.text);
    if (found == storages_.end())
      throw base::Error(fmt::format("array {}: its values are missing from the file", name_text(name)));
    NamedArray array{name, numbers_of(name, tensor.items[1]), {}};
    std::vector<std::int64_t> strides = numbers_of(name, tensor.items[2]);
    std::int64_t last = tensor.number, count = 1;  // the last place that is read, how many are
    bool good = strides.size() == array.shape.size() && tensor.number >= 0;
    for (std::size_t i = 0; good && i < strides.size(); ++i) {
      std::int64_t reach = 0;
      good = !__builtin_mul_overflow(count, array.shape[i], &count) &&
             !__builtin_mul_overflow(std::max<std::int64_t>(0, array.shape[i] - 1), strides[i], &reach) &&
             !__builtin_add_overflow(last, reach, &last);
    }
    auto there = static_cast<std::int64_t>(found->second.size() / number->bytes);
    numbers_left_ -= good ? count : 0;
    if (!good || (count > 0 && last >= there) || numbers_left_ < 0) {
      throw base::Error(fmt::format("array {}: its shape {} needs more values than the {} in the file", name_text(name),
                                    shape_text(array.shape), there));
    }
    array.values = gathered(type, found->second, tensor.number, array.shape, strides, count);
    weights_.arrays.push_back(std::move(array));
  }

  static std::vector<float> gathered(const std::string& type, Bytes bytes, std::int64_t begin,
                                     const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides,
                                     std::int64_t count) {
    std::vector<float> values;
    values.reserve(static_cast<std::size_t>(count));
    std::vector<std::int64_t> index(shape.size(), 0);
    std::int64_t place = begin;
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back(float_at(type, bytes, static_cast<std::size_t>(place)));
      for (std::size_t axis = shape.size(); axis-- > 0;) {  // the next index, the last axis first
        place += strides[axis];
        if (++index[axis] < shape[axis]) break;
        place -= strides[axis] * shape[axis];
        index[axis] = 0;
      }
    }
    return values;
  }

  const Pickle& pickle_;
  const Storages& storages_;
  std::int64_t numbers_left_;
  WeightFile weights_;
};

struct ArchiveCloser {
  void operator()(archive* zip) const { archive_read_free(zip); }
};

// A zip ends with a record of 22 bytes and a comment of at most 64 KiB, whose length is the record's last two bytes.
bool is_cut_short(Bytes file) {
  constexpr std::string_view kEnd("PK\5\6", 4);
  constexpr std::size_t kRecord = 22, kLongestEnd = kRecord + 65535;
  std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.size() > kLongestEnd) text.remove_prefix(text.size() - kLongestEnd);
  std::size_t begin = text.rfind(kEnd);
  if (begin == std::string_view::npos || text.size() - begin < kRecord) return true;
  Bytes record = file.last(text.size() - begin);
  return record.size() < kRecord + number_at<std::uint16_t>(record, kRecord / sizeof(std::uint16_t) - 1);
}

// What other zips PyTorch writes, by their members.
void refuse_programs(const std::string& member) {
  if (member.ends_with("/constants.pkl") || member.find("/code/__torch__") != std::string::npos) {
    throw base::Error(
        "is a TorchScript program, not a file of weights: save its weights with "
        "torch.save(torch.jit.load(FILE).state_dict(), \"weights.pth\"), or export the network with "
        "torch.onnx.export()");
  }
  if (member.ends_with("/models/model.json") || member.ends_with("serialized_exported_program.json")) {
    throw base::Error(
        "is a program of torch.export(), not a file of weights: save its weights with "
        "torch.save(torch.export.load(FILE).state_dict, \"weights.pth\"), or export the network with "
        "torch.onnx.export()");
  }
}

// The members of a zip, uncompressed in memory: all of them together no larger than the zip, which torch.save() does
// not compress.
std::map<std::string, std::vector<std::byte>> members_of(Bytes file) {
  if (is_cut_short(file)) throw base::Error("is cut short: the end of the zip is missing; copy or download it again");
  std::unique_ptr<archive, ArchiveCloser> zip(archive_read_new());
  archive_read_support_format_zip(zip.get());
  auto check = [&](int result) {
    if (result != ARCHIVE_OK) throw base::Error("is not a PyTorch zip file, or is cut short");
  };
  check(archive_read_open_memory(zip.get(), file.data(), file.size()));
  std::map<std::string, std::vector<std::byte>> members;
  std::size_t left = file.size();
  archive_entry* entry = nullptr;
  for (int result = 0; (result = archive_read_next_header(zip.get(), &entry)) != ARCHIVE_EOF;) {
    check(result);
    std::int64_t size = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : -1;
    const char* name = archive_entry_pathname(entry);
    refuse_programs(name == nullptr ? "" : name);
    if (name == nullptr || size < 0 || static_cast<std::uint64_t>(size) > left)
      throw base::Error("is not a PyTorch zip file: a member is compressed, or has no name or size");
    left -= static_cast<std::size_t>(size);
    std::vector<std::byte> content(static_cast<std::size_t>(size));
    if (archive_read_data(zip.get(), content.data(), content.size()) != size)
      throw base::Error("is not a PyTorch zip file, or is cut short");
    members.insert_or_assign(name, std::move(content));
  }
  return members;
}

WeightFile parse_zip(Bytes file) {
  std::map<std::string, std::vector<std::byte>> members = members_of(file);
  constexpr std::string_view kPickle = "/data.pkl", kStorage = "/data/";
  auto pickle =
      std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first.ends_with(kPickle); });
  if (pickle == members.end()) throw base::Error("is a zip file, but not from PyTorch: it has no data.pkl");
  std::string folder = pickle->first.substr(0, pickle->first.size() - kPickle.size()) + std::string(kStorage);
  Storages storages;
  for (const auto& [name, content] : members) {
    if (name.starts_with(folder)) storages[name.substr(folder.size())] = content;
  }
  Pickle all = read_pickle(pickle->second);
  return Tensors(all, storages, file.size()).read();
}

// Bytes of a number of each storage that the pickle names.
std::map<std::string, std::size_t> widths_of(const Pickle& pickle) {
  std::map<std::string, std::size_t> widths;
  for (const PickleValue& value : pickle.values) {
    if (value.kind != Kind::storage) continue;
    std::optional<NumberType> type = type_of(pickle.values[static_cast<std::size_t>(value.items[0])].text);
    if (type) widths[value.text] = type->bytes;
  }
  return widths;
}

// Before 1.6: a magic number, a version, what machine it was, the object, the keys of its storages; then each storage
// in the order of the keys, its length before it.
WeightFile parse_legacy(Bytes file) {
  constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
  Bytes rest = file;
  auto next = [&] {
    Pickle pickle = read_pickle(rest);
    rest = rest.subspan(pickle.bytes);
    return pickle;
  };
  Pickle magic = next();
  if (magic.values[static_cast<std::size_t>(magic.root)].text != kMagic)
    throw base::Error("is a pickle, but not from PyTorch");
  next();
  next();
  Pickle object = next(), keys = next();
  std::map<std::string, std::size_t> widths = widths_of(object);
  Storages storages;
  for (int item : keys.values[static_cast<std::size_t>(keys.root)].items) {
    const std::string& key = keys.values[static_cast<std::size_t>(item)].text;
    auto width = widths.find(key);
    if (width == widths.end()) throw base::Error("has a storage that no tensor uses");
    if (rest.size() < sizeof(std::uint64_t)) throw base::Error("is cut short");
    auto count = number_at<std::uint64_t>(rest, 0);
    rest = rest.subspan(sizeof count);
    if (count > rest.size() / width->second) throw base::Error("is cut short");
    storages[key] = rest.first(static_cast<std::size_t>(count) * width->second);
    rest = rest.subspan(static_cast<std::size_t>(count) * width->second);
  }
  return Tensors(object, storages, file.size()).read();
}

bool is_zip(Bytes file) { return file.size() > 1 && file[0] == std::byte{'P'} && file[1] == std::byte{'K'}; }

}  // namespace

WeightFile parse_pth(Bytes file) { return is_zip(file) ? parse_zip(file) : parse_legacy(file); }

WeightFile read_pth(const std::filesystem::path& file) {
  base::MappedFile content = base::MappedFile::read_only(file);
  try {
    return parse_pth(content.bytes());
  } catch (const base::Error& error) {
    throw base::file_error(file, error.what());
  }
}

bool is_pth(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  int first = in.get(), second = in.get();
  return (first == 'P' && second == 'K') || (first == 0x80 && second >= 2 && second <= 5);
}

}  // namespace agewise::weights
