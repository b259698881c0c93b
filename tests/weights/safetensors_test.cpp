#include "agewise/weights/safetensors.h"

#include <gmock/gmock.h>

#include <fstream>
#include <limits>

#include "agewise/base/error.h"
#include "agewise/weights/half.h"

namespace agewise::weights {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::ThrowsMessage;

std::filesystem::path scratch_file(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / (std::to_string(::getpid()) + name);
}

// golden/make.py wrote the file with the format's own Python package.
SafetensorsFile python_file() { return SafetensorsFile(AGEWISE_SOURCE_DIR "/tests/weights/golden/python.safetensors"); }

TEST(FileOfThePythonPackage, gives_shapes_values_and_metadata) {
  SafetensorsFile file = python_file();
  EXPECT_THAT(file.metadata(), ElementsAre(Pair("Grüße", "日本\n\"x\""), Pair("format", "pt")));
  EXPECT_THAT(file.shape("conv1.weight"), ElementsAre(2, 1, 2, 3));
  EXPECT_THAT(file.read("conv1.weight"), ElementsAre(0, .25F, .5F, .75F, 1, 1.25F, 1.5F, 1.75F, 2, 2.25F, 2.5F, 2.75F));
  EXPECT_THAT(file.shape("scalar"), IsEmpty());
  EXPECT_THAT(file.read("scalar"), ElementsAre(7.5F));
  EXPECT_THAT(file.shape("nothing"), ElementsAre(0, 3));
  EXPECT_THAT(file.read("nothing"), IsEmpty());
}

TEST(FileOfThePythonPackage, gives_half_precision_exactly) {
  EXPECT_THAT(python_file().read("halves"),
              ElementsAre(0, 0, 1, -2.5F, 65504, 0x1p-24F, 0x1p-14F, std::numeric_limits<float>::infinity()));
  EXPECT_TRUE(std::signbit(python_file().read("halves")[1]));
  EXPECT_THAT(python_file().read("bfloats"), ElementsAre(1, -2.5F, 3.140625F, 0x1p-126F));
}

// The Python package reads such a file back the same (shapes, values, metadata; checked by hand with 0.8.0 and
// `safe_open(FILE, "numpy")`).
TEST(WrittenFile, reads_back_the_same) {
  auto path = scratch_file("ours.safetensors");
  std::vector<float> weights{1, -2, 3, 4, 5, std::numeric_limits<float>::denorm_min()}, bias{0.1F, 1e30F};
  std::vector<TensorView> tensors{
      {"b.weight", {2, 3}, weights}, {"a.bias", {2}, bias}, {"empty", {0}, {}}, {"one", {}, {bias.data(), 1}}};
  write_safetensors(path, {{"recipe", "name = \"seed\"\n"}, {"ä", "𝄞"}}, tensors);

  SafetensorsFile file(path);
  EXPECT_THAT(file.metadata(), ElementsAre(Pair("recipe", "name = \"seed\"\n"), Pair("ä", "𝄞")));
  EXPECT_EQ(file.read("b.weight"), weights);
  EXPECT_EQ(file.read("a.bias", std::vector<std::int64_t>{2}), bias);
  EXPECT_THAT(file.read("one"), ElementsAre(0.1F));
  std::vector<std::string> names;
  for (const StoredTensor& tensor : file.tensors()) names.push_back(tensor.name);
  EXPECT_THAT(names, ElementsAre("b.weight", "a.bias", "empty", "one"));
  std::filesystem::remove(path);
}

// The format asks that arrays may be used where they lie.
TEST(WrittenFile, begins_its_data_at_a_multiple_of_eight) {
  auto path = scratch_file("aligned.safetensors");
  std::vector<float> values{1};
  for (const char* name : {"a", "ab", "abc", "abcd"}) {
    write_safetensors(path, {}, std::vector<TensorView>{{name, {1}, values}});
    EXPECT_EQ(SafetensorsFile(path).tensors().front().begin % 8, 0U);
  }
  std::filesystem::remove(path);
}

TEST(Writing, loads_arrays_when_it_is_their_turn) {
  auto path = scratch_file("loaded.safetensors");
  auto two = [] { return std::vector<float>{1, 2}; };
  write_safetensors(path, {}, std::vector<TensorView>{{"a", {2}, {}, false, two}, {"b", {1, 2}, {}, true, two}});
  SafetensorsFile file(path);
  EXPECT_EQ(file.read("a"), two());
  EXPECT_EQ(file.read("b"), two());
  std::filesystem::remove(path);
  EXPECT_THROW(write_safetensors(path, {}, std::vector<TensorView>{{"a", {3}, {}, false, two}}), std::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path)) << "half a file";
}

TEST(Writing, refuses_what_would_not_read_back) {
  auto path = scratch_file("refused.safetensors");
  std::vector<float> two{1, 2};
  EXPECT_THROW(write_safetensors(path, {}, std::vector<TensorView>{{"a", {3}, two}}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {}, std::vector<TensorView>{{"a", {2}, two}, {"a", {2}, two}}),
               std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {}, std::vector<TensorView>{{"\xff", {2}, two}}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {{"a", "\xc3"}}, {}), std::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Reading, names_file_array_and_both_shapes_where_they_differ) {
  SafetensorsFile file = python_file();
  std::vector<std::int64_t> expected{2, 1, 3, 2};
  EXPECT_THAT(
      [&] { (void)file.read("conv1.weight", expected); },
      ThrowsMessage<base::Error>(HasSubstr(
          "python.safetensors: array \"conv1.weight\": must have the shape [2, 1, 3, 2], but has [2, 1, 2, 3]")));
  EXPECT_THAT([&] { (void)file.read("conv9.weight"); },
              ThrowsMessage<base::Error>(HasSubstr("python.safetensors: has no array \"conv9.weight\"")));
  EXPECT_FALSE(file.contains("conv9.weight"));
  EXPECT_TRUE(file.contains("halves"));
}

TEST(Opening, a_file_that_is_not_there_or_a_folder_is_one_clear_error) {
  EXPECT_THAT([] { SafetensorsFile("/nowhere/m.safetensors"); },
              ThrowsMessage<base::Error>("/nowhere/m.safetensors: cannot open: No such file or directory"));
  EXPECT_THROW(SafetensorsFile(std::filesystem::path(testing::TempDir())), base::Error);
}

// IEEE 754 binary16: 11 bits, from 2⁻²⁴ to 65504.
TEST(RoundedToHalf, is_the_nearest_number_of_half_precision) {
  EXPECT_EQ(rounded_to_half(1), 1);
  EXPECT_EQ(rounded_to_half(1 + 0x1p-11F), 1);                // a tie: the even one
  EXPECT_EQ(rounded_to_half(1 + 3 * 0x1p-11F), 1 + 0x1p-9F);  // a tie: the even one is above
  EXPECT_EQ(rounded_to_half(-2049), -2048);
  EXPECT_EQ(rounded_to_half(65519), 65504);
  EXPECT_TRUE(std::isinf(rounded_to_half(65520)));
  EXPECT_EQ(rounded_to_half(0x1.8p-24F), 0x1p-23F);
  EXPECT_EQ(rounded_to_half(0x1p-25F), 0);
  EXPECT_EQ(rounded_to_half(0x1p-24F), 0x1p-24F);
}

}  // namespace
}  // namespace agewise::weights
