#include "agewise/base/sealed.h"

#include <gmock/gmock.h>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "tests/error_of.h"

namespace agewise::base {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Digits as `printf '%s' TEXT | xxhsum -H3` tells them.
TEST(Sealed, is_a_comment_of_toml_and_an_entry_of_json) {
  EXPECT_EQ(sealed_toml("a = 1\n"), "a = 1\n# checksum: d1443407cd44a0f8\n");
  EXPECT_EQ(sealed_json("{\"a\":1}"), "{\"a\":1,\"checksum\":\"c5e3762ffc8453c6\"}");
  EXPECT_EQ(sealed_json("{\n \"a\": 1\n}\n"), "{\n \"a\": 1,\"checksum\":\"17294a993c688513\"\n}\n");
  EXPECT_EQ(sealed_json("{}"), "{\"checksum\":\"1349cde127705c16\"}");
}

TEST(Sealed, gives_the_text_back) {
  for (const char* text : {"{}", "{}\n", "{\"a\":{}}", "{\n  \"a\": [\"}\", \"\\\"checksum\\\":\"]\n}\n"}) {
    Unsealed back = unsealed(sealed_json(text));
    EXPECT_EQ(back.state, SealState::whole) << text;
    EXPECT_EQ(back.text, text);
  }
  for (const char* text : {"", "a = 1\n", "# checksum: in a comment\na = 1\n"}) {
    Unsealed back = unsealed(sealed_toml(text));
    EXPECT_EQ(back.state, SealState::whole) << text;
    EXPECT_EQ(back.text, text);
  }
}

// A flip in the words of the checksum itself leaves a text without one, whose content is what it was.
TEST(Sealed, no_flipped_bit_changes_the_content_unseen) {
  std::string json = "{\n  \"kind\": \"ensemble\",\n  \"count\": 3\n}\n", toml = "seed = 7\nrate = 0.25\n";
  for (const std::string& whole : {sealed_json(json), sealed_toml(toml)}) {
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      Unsealed back = unsealed(flipped);
      EXPECT_NE(back.state, SealState::whole) << flipped;
      bool content =
          bit / 8 <
          whole.size() - (whole == sealed_toml(toml) ? 30 : 32);  // without the newline before a comment TOML is none
      if (content && flipped[0] == whole[0]) {
        EXPECT_EQ(back.state, SealState::broken) << flipped;
      }
    }
  }
}

TEST(Sealed, a_text_without_a_checksum_counts_as_whole_and_a_broken_one_names_its_file) {
  std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "sealed.toml";
  write_file(file, "seed = 7\n");
  EXPECT_EQ(read_sealed_file(file, 100, "begin anew"), "seed = 7\n");
  std::string sealed = sealed_toml("seed = 7\n");
  sealed[7] = '5';
  write_file(file, sealed);
  EXPECT_THAT(error_of([&] { read_sealed_file(file, 100, "begin anew"); }),
              AllOf(HasSubstr("sealed.toml: is damaged"), HasSubstr("begin anew")));
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace agewise::base
