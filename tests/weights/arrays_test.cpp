// Weight files that PyTorch and Caffe's own message classes wrote (golden/make_arrays.py) hold what was written.
#include "agewise/weights/arrays.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/weights/caffemodel.h"
#include "agewise/weights/pth.h"
#include "tests/nn/golden.h"

namespace agewise::weights {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kGolden = AGEWISE_SOURCE_DIR "/tests/weights/golden";

const NamedArray& array(const WeightFile& file, const std::string& name) {
  for (const NamedArray& array : file.arrays) {
    if (array.name == name) return array;
  }
  throw std::out_of_range(name);
}

void expect_array(const WeightFile& file, const std::string& name, const std::vector<std::int64_t>& shape,
                  const std::vector<float>& values) {
  EXPECT_EQ(array(file, name).shape, shape) << name;
  EXPECT_EQ(array(file, name).values, values) << name;
}

// golden/make_arrays.py: numbers(2) as 3 × 5, seen as 5 × 3.
std::vector<float> turned() {
  std::vector<float> rows = nn::golden_numbers(2, 15), columns;
  for (std::size_t c = 0; c < 5; ++c) {
    for (std::size_t r = 0; r < 3; ++r) columns.push_back(rows[r * 5 + c]);
  }
  return columns;
}

class PthState : public testing::TestWithParam<const char*> {};

TEST_P(PthState, holds_the_tensors_that_pytorch_wrote) {
  EXPECT_TRUE(is_pth(kGolden / GetParam()));
  WeightFile file = read_pth(kGolden / GetParam());
  EXPECT_EQ(file.arrays.size(), 8U);
  expect_array(file, "conv.weight", {4, 3, 3, 3}, nn::golden_numbers(0, 108));
  expect_array(file, "conv.bias", {4}, nn::golden_numbers(1, 4));
  expect_array(file, "fc.weight", {5, 3}, turned());
  for (const char* name : {"halves", "bfloats", "doubles"})
    expect_array(file, name, {2, 3}, {0, 0.25F, 0.5F, 0.75F, 1, 1.25F});
  std::vector<float> ten = nn::golden_numbers(3, 10);
  expect_array(file, "part", {3}, {ten[4], ten[5], ten[6]});
  expect_array(file, "one", {}, {2.5F});
  EXPECT_THAT(file.skipped, ElementsAre("bn.num_batches_tracked"));
}

INSTANTIATE_TEST_SUITE_P(ZipAndLegacy, PthState, testing::Values("zip.pth", "legacy.pth"),
                         [](const auto& file) { return std::filesystem::path(file.param).stem().string(); });

TEST(Pth, finds_the_state_dictionary_of_a_checkpoint) {
  WeightFile file = read_pth(kGolden / "checkpoint.pth");
  expect_array(file, "conv.weight", {4, 3, 3, 3}, nn::golden_numbers(0, 108));
  expect_array(file, "bn.running_var", {4}, {1, 1, 1, 1});
}

// What make_checkpoints.py says of its files: the weights under these names, and none of what stands beside them.
class PthCheckpoint : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(PthCheckpoint, gives_the_networks_weights_wherever_they_lie) {
  auto [name, prefix] = GetParam();
  WeightFile file = read_pth(kGolden / name);
  EXPECT_EQ(file.arrays.size(), 2U);
  expect_array(file, std::string(prefix) + "conv.weight", {4, 3, 3, 3}, nn::golden_numbers(0, 108));
  expect_array(file, std::string(prefix) + "conv.bias", {4}, nn::golden_numbers(1, 4));
}

INSTANTIATE_TEST_SUITE_P(Each, PthCheckpoint,
                         testing::Values(std::pair("nested.pth", ""), std::pair("parallel.pth", "module."),
                                         std::pair("objects.pth", "_orig_mod."), std::pair("protocol4.pth", ""),
                                         std::pair("legacy5.pth", "")),
                         [](const auto& file) { return std::filesystem::path(file.param.first).stem().string(); });

std::string refusal_of(std::span<const std::byte> file) {
  try {
    parse_pth(file);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "was taken";
}

TEST(Pth, of_torchscript_says_what_to_do_instead) {
  EXPECT_THAT(refusal_of(base::read_file(kGolden / "torchscript.pt", 1 << 20)),
              AllOf(HasSubstr("TorchScript"), HasSubstr("torch.jit.load(FILE).state_dict()")));
}

TEST(Pth, cut_off_anywhere_says_so) {
  std::vector<std::byte> whole = base::read_file(kGolden / "protocol4.pth", 1 << 20);
  for (std::size_t size : {whole.size() / 4, whole.size() / 2, whole.size() - 30, whole.size() - 10, whole.size() - 1})
    EXPECT_THAT(refusal_of(std::span(whole).first(size)), HasSubstr("is cut short")) << size;
}

TEST(Pth, reads_parameters_as_tensors) {
  expect_array(read_pth(kGolden / "parameters.pth"), "conv.bias", {4}, nn::golden_numbers(1, 4));
}

class Caffemodel : public testing::TestWithParam<const char*> {};

TEST_P(Caffemodel, holds_the_blobs_that_caffes_messages_hold) {
  EXPECT_TRUE(is_caffemodel(kGolden / GetParam()));
  WeightFile file = read_caffemodel(kGolden / GetParam());
  EXPECT_EQ(file.network + ".caffemodel", GetParam());
  bool old = file.network == "old";
  using Shape = std::vector<std::int64_t>;
  expect_array(file, "conv.weight", {4, 3, 3, 3}, nn::golden_numbers(0, 108));
  expect_array(file, "conv.bias", old ? Shape{1, 1, 1, 4} : Shape{4}, nn::golden_numbers(1, 4));
  expect_array(file, "fc.weight", old ? Shape{1, 1, 5, 16} : Shape{5, 16}, nn::golden_numbers(2, 80));
  expect_array(file, "fc.bias", old ? Shape{1, 1, 1, 5} : Shape{5}, nn::golden_numbers(3, 5));
}

INSTANTIATE_TEST_SUITE_P(OldAndNew, Caffemodel, testing::Values("new.caffemodel", "old.caffemodel"),
                         [](const auto& file) { return std::filesystem::path(file.param).stem().string(); });

std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
  return bytes + static_cast<char>(number);
}

std::string field(int number, const std::string& content) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(content.size()) + content;
}

std::string floats(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// Messages by hand: NetParameter.layer = 100 { name = 1, blobs = 7 { data = 5, shape = 7 { dim = 1 } } }.
std::string caffe_layer(const std::string& dims, const std::vector<float>& values) {
  return field(100, field(1, "big") + field(7, field(5, floats(values)) + field(7, field(1, dims))));
}

// Older protobufs stopped at 64 MB.
TEST(LargeCaffemodel, of_more_than_64_MB_is_read) {
  constexpr std::size_t kCount = std::size_t{17} << 20;
  std::vector<float> values(kCount, 1.5F);
  values.back() = 2;
  std::string file = field(1, "large") + caffe_layer(varint(kCount), values);
  EXPECT_GT(file.size(), std::size_t{68} << 20);
  WeightFile read = parse_caffemodel(std::as_bytes(std::span(file)));
  EXPECT_EQ(array(read, "big.weight").values, values);
}

struct Bad {
  const char* name;
  std::string content;
  const char* message;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

std::vector<Bad> bad_caffemodels() {
  return {
      {"empty", "", "holds no weights"},
      {"prototxt", "name: \"VGG\"\ninput: \"data\"\n", "is not a caffemodel"},
      {"cut", field(1, "n") + caffe_layer(varint(2), {1, 2}).substr(0, 20), "is not a caffemodel, or is cut short"},
      {"no_blobs", field(100, field(1, "relu")), "holds no weights"},
      {"fewer_values", caffe_layer(varint(3), {1, 2}), "its shape [3] needs 3 values, but it has 2"},
      {"more_values", caffe_layer(varint(1), {1, 2}), "needs 1 values, but it has 2"},
      {"negative", caffe_layer(varint(~std::uint64_t{0}), {1}), "has an impossible shape"},
      {"overflow", caffe_layer(varint(std::uint64_t{1} << 40) + varint(std::uint64_t{1} << 40), {1}),
       "has an impossible shape"},
  };
}

// A pickle in a legacy file: PROTO 2, then what is given.
std::string pickle(const std::string& operations) { return "\x80\x02" + operations; }
const std::string kMagic = pickle(std::string("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 13));
std::string legacy(const std::string& object) {
  return kMagic + pickle("M\xe9\x03.") + pickle("}.") + pickle(object) + pickle("].");
}

std::vector<Bad> bad_pths() {
  using namespace std::string_literals;
  return {
      {"empty", "", "is cut short"},
      {"other_pickle", pickle("K\x01."), "but not from PyTorch"},
      {"zip_of_nothing", "PK\x05\x06"s + std::string(18, '\0'), "has no data.pkl"},
      {"zip_cut", "PK\x03\x04", "is cut short: the end of the zip is missing"},
      {"system_call", legacy("cos\nsystem\nX\x04\0\0\0true\x85R."s), "holds a whole model, which cannot be loaded"},
      {"posix_call", legacy("cposix\nsystem\nX\x04\0\0\0true\x85R."s), "holds a whole model, which cannot be loaded"},
      {"evaluation", legacy("c__builtin__\neval\nX\x01\0\0\0"s + "1\x85R."),
       "holds a whole model, which cannot be loaded"},
      {"numpy", legacy("cnumpy.core.multiarray\n_reconstruct\n."), "no dictionary of tensors"},
      {"object", legacy("c__main__\nNet\n)\x81."), "holds a whole model, which cannot be loaded"},
      {"new_object", legacy("ccollections\nOrderedDict\n)\x81."), "no dictionary of tensors"},
      {"instance", legacy("(ios\nsystem\n."), "has operation 0x69"},
      {"stack_global", legacy("X\x02\0\0\0osX\x06\0\0\0system\x93."s), "no dictionary of tensors"},
      {"storage_called", legacy("ctorch\nFloatStorage\n)R."), "holds a whole model, which cannot be loaded"},
      {"name_that_is_not_utf8", legacy("cos\n\xff\n."), "no dictionary of tensors"},
      {"protocol_6", "\x80\x06.", "a protocol later than 5"},
      {"frame_longer_than_the_file", legacy("\x95\xff\xff\xff"), "is cut short"},
      {"text_of_64_bits", legacy("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), "is cut short"},
      {"name_of_a_number", legacy("K\x01K\x02\x93."), "with the wrong arguments"},
      {"type_within_a_type", legacy("ctorch._tensor\n_rebuild_from_type_v2\nq\x01(h\x01N(ttR."),
       "with the wrong arguments"},
      {"name_without_end", legacy("c" + std::string(1000, 'a')), "a name that is too long"},
      {"cut_pickle", legacy("}").substr(0, 25), "is cut short"},
      {"nothing_on_the_stack", legacy("."), "pops from an empty stack"},
      {"below_a_mark", legacy("}(a."), "pops from an empty stack"},
      {"no_mark", legacy("u."), "a mark that was never set"},
      {"nothing_remembered", legacy("h\x05."), "reads a memo entry that was never written"},
      {"no_dictionary", legacy("]."), "no dictionary of tensors"},
      {"no_tensors", legacy("}X\x01\0\0\0aK\x01s."s), "no dictionary of tensors"},
      {"text_longer_than_the_file", legacy("X\xff\xff\xff\x7f."), "is cut short"},
  };
}

template <class Parse>
std::string message_of(const Bad& bad, Parse parse) {
  try {
    parse(std::as_bytes(std::span(bad.content)));
  } catch (const base::Error& error) {
    EXPECT_LT(std::strlen(error.what()), 300U);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "was taken";
}

class BadCaffemodel : public testing::TestWithParam<Bad> {};
TEST_P(BadCaffemodel, is_refused_with_the_reason) {
  EXPECT_THAT(message_of(GetParam(), parse_caffemodel), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(Each, BadCaffemodel, testing::ValuesIn(bad_caffemodels()),
                         [](const auto& bad) { return std::string(bad.param.name); });

class BadPth : public testing::TestWithParam<Bad> {};
TEST_P(BadPth, is_refused_with_the_reason) {
  EXPECT_THAT(message_of(GetParam(), parse_pth), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(Each, BadPth, testing::ValuesIn(bad_pths()),
                         [](const auto& bad) { return std::string(bad.param.name); });

TEST(BadPth, of_a_whole_module_says_what_to_save_instead) {
  try {
    read_pth(kGolden / "module.pth");
    FAIL() << "was taken";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("module.pth: "), HasSubstr("holds a whole model")));
  }
}

TEST(CutFiles, no_beginning_of_a_good_file_is_taken_for_a_whole_one) {
  for (const char* name : {"legacy.pth", "zip.pth", "new.caffemodel"}) {
    std::vector<std::byte> whole = base::read_file(kGolden / name, 1 << 20);
    bool caffe = std::string(name).ends_with("caffemodel");
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      auto cut = std::span(whole).first(size);
      // A protobuf may end after any field: then a whole layer is missing, and what is there is right.
      if (caffe) {
        try {
          EXPECT_LT(parse_caffemodel(cut).arrays.size(), 4U) << size;
        } catch (const base::Error&) {
        }
      } else if (std::string(name) == "legacy.pth") {
        EXPECT_THROW(parse_pth(cut), base::Error) << name << " " << size;
      }
    }
  }
}

}  // namespace
}  // namespace agewise::weights
