// Expected values: Python's xxhash 3.6, `xxh3_64(bytes).hexdigest()` and `xxh3_128(bytes).hexdigest()`.
#include "agewise/base/hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace agewise::base {
namespace {

// i * 7 % 256 for i from 0 on.
std::vector<std::byte> thousand_bytes() {
  std::vector<std::byte> bytes(1000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 % 256);
  return bytes;
}

TEST(Checksum, is_xxh3_64) {
  EXPECT_EQ(checksum({}), 0x2d06800538d394c2U);
  EXPECT_EQ(checksum(thousand_bytes()), 0x10ad30264426c830U);
}

TEST(ContentHash, is_xxh3_128) {
  EXPECT_EQ(content_hash(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(content_hash("agewise"), "0eed590c9add3be6624d3d4b03ac494b");
  EXPECT_EQ(content_hash(thousand_bytes()), "abee229cdadad76d10ad30264426c830");
}

TEST(ContentHasher, gives_the_hash_of_its_pieces_one_after_the_other) {
  ContentHasher hasher;
  EXPECT_EQ(hasher.hash(), "99aa06d3014798d86001c324468d497f");
  hasher.add("age");
  hasher.add(std::as_bytes(std::span("wise", 4)));
  EXPECT_EQ(hasher.hash(), "0eed590c9add3be6624d3d4b03ac494b");
}

}  // namespace
}  // namespace agewise::base
