#include "agewise/base/text.h"

#include <gtest/gtest.h>

namespace agewise::base {
namespace {

TEST(AsUtf8, leaves_valid_text_as_it_is) {
  for (const char* text :
       {"", "a.jpg", "Zoë.jpg", "年齢.jpg", "\xF0\x9F\x99\x82.png", "back\\slash", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(as_utf8(text), text);
}

TEST(AsUtf8, escapes_bytes_of_other_encodings_and_doubles_backslashes_beside_them) {
  EXPECT_EQ(as_utf8("caf\xE9.jpg"), "caf\\xE9.jpg");                   // Latin-1
  EXPECT_EQ(as_utf8("\x83\x4C\\Zo\xC3\xAB"), "\\x83L\\\\Zo\xC3\xAB");  // Shift JIS, a backslash, and a valid ë
  EXPECT_EQ(as_utf8("\xC3"), "\\xC3");                                 // cut short
}

// The table of RFC 3629, §4: what lies just outside of each row.
TEST(AsUtf8, takes_overlong_forms_surrogates_and_what_is_beyond_unicode_for_bytes) {
  EXPECT_EQ(as_utf8("\xC0\x80"), "\\xC0\\x80");
  EXPECT_EQ(as_utf8("\xE0\x9F\xBF"), "\\xE0\\x9F\\xBF");
  EXPECT_EQ(as_utf8("\xED\xA0\x80"), "\\xED\\xA0\\x80");
  EXPECT_EQ(as_utf8("\xF0\x8F\xBF\xBF"), "\\xF0\\x8F\\xBF\\xBF");
  EXPECT_EQ(as_utf8("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");
}

}  // namespace
}  // namespace agewise::base
