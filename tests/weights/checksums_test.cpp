// Checksums of safetensors files: a flipped bit is found, and named; files of others go on being read.
#include "agewise/weights/checksums.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/weights/safetensors.h"
#include "tests/error_of.h"

namespace agewise::weights {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ArrayChecksums : public testing::Test {
 protected:
  ArrayChecksums() {
    std::vector<float> weights{1, -2, 3, 4, 5, 6}, bias{0.5F, 7};
    write_safetensors(file_, {{"recipe", "seed = 7"}, {"empty", ""}},
                      std::vector<TensorView>{{"weight", {2, 3}, weights}, {"bias", {2}, bias, /*half=*/true}});
    whole_ = base::read_file(file_, 1 << 16);
  }
  ~ArrayChecksums() override { std::filesystem::remove(file_); }

  // Everything that the file in its present state says; or why it is refused.
  std::string content() const {
    return error_of([&] {
      SafetensorsFile file(file_);
      std::string text;
      for (const auto& [name, value] : file.metadata()) text += name + "=" + value + "\n";
      for (const StoredTensor& tensor : file.tensors()) {
        text += tensor.name + " " + shape_text(tensor.shape);
        for (float value : file.read(tensor.name)) text += " " + std::to_string(value);
      }
      throw base::Error("content: " + text);
    });
  }
  void write_flipped(std::size_t bit) const {
    std::vector<std::byte> bytes = whole_;
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    base::write_file(file_, bytes);
  }

  std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / (std::to_string(::getpid()) + "checksums.safetensors");
  std::vector<std::byte> whole_;
};

// By `printf` of the bytes into `xxhsum -H3`: little-endian floats 1 -2 3 4 5 6, and halves 0.5 7.
TEST_F(ArrayChecksums, are_xxh3_of_the_arrays_bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, whole_.data(), sizeof length);
  const char* text = reinterpret_cast<const char*>(whole_.data()) + sizeof length;
  auto header = nlohmann::json::parse(text, text + length);
  auto checksums = nlohmann::json::parse(header["__metadata__"]["agewise_checksums"].get<std::string>());
  EXPECT_EQ(checksums["arrays"]["weight"], "d93eeaea8ed8c98b");
  EXPECT_EQ(checksums["arrays"]["bias"], "204219193cbd5790");
}

TEST_F(ArrayChecksums, no_flipped_bit_is_accepted_with_another_content) {
  std::string whole = content();
  ASSERT_THAT(whole, HasSubstr("content: empty=\nrecipe=seed = 7\n"));
  int accepted = 0;
  for (std::size_t bit = 0; bit < 8 * whole_.size(); ++bit) {
    write_flipped(bit);
    std::string found = content();
    if (!found.starts_with("content: ")) continue;
    ++accepted;
    // Where the name of the checksums was hit, the file is one without them, and has a text more.
    EXPECT_TRUE(found == whole || found.find("arrays\":{\"bias") != std::string::npos) << bit / 8 << "\n" << found;
  }
  EXPECT_LT(accepted, 8 * 17 + 8);
}

TEST_F(ArrayChecksums, the_damaged_array_is_named) {
  write_flipped(8 * whole_.size() - 1);
  EXPECT_THAT(content(), AllOf(HasSubstr(file_.string()), HasSubstr("array \"bias\": is damaged"), HasSubstr("copy")));
  SafetensorsFile file(file_);
  EXPECT_EQ(file.read("weight").size(), 6);
  EXPECT_THAT(error_of([&] { file.check_all(); }), HasSubstr("bias"));
}

TEST_F(ArrayChecksums, hold_whatever_the_order_and_the_blanks_of_the_header) {
  std::uint64_t length = 0;
  std::memcpy(&length, whole_.data(), sizeof length);
  const char* text = reinterpret_cast<const char*>(whole_.data()) + sizeof length;
  std::string header = nlohmann::json::parse(text, text + length).dump(1);
  std::uint64_t longer = header.size();
  std::vector<std::byte> bytes;
  auto append = [&](std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); };
  append(std::as_bytes(std::span(&longer, 1)));
  append(std::as_bytes(std::span(header)));
  append(std::span(whole_).subspan(sizeof length + length));
  std::string whole = content();
  base::write_file(file_, bytes);
  EXPECT_EQ(content(), whole);
}

TEST_F(ArrayChecksums, a_file_without_them_is_read) {
  SafetensorsFile python(AGEWISE_SOURCE_DIR "/tests/weights/golden/python.safetensors");
  EXPECT_FALSE(python.has_checksums());
  python.check_all();
  EXPECT_TRUE(SafetensorsFile(file_).has_checksums());
}

TEST_F(ArrayChecksums, that_are_none_are_refused) {
  SafetensorsHeader header{{}, {{"a", StoredType::f32, {1}, 1, 0, 4}}};
  for (const char* text :
       {"", "7", "{}", R"({"arrays":{},"rest":"0000000000000000"})", R"({"arrays":{"a":7},"rest":"0000000000000000"})",
        R"({"arrays":{"a":"0"},"rest":"0000000000000000"})",
        R"({"arrays":["0000000000000000"],"rest":"0000000000000000"})"}) {
    header.metadata[kChecksumsText] = text;
    EXPECT_THAT(error_of([&] { read_checksums(header); }), HasSubstr("header is damaged")) << text;
  }
}

}  // namespace
}  // namespace agewise::weights
