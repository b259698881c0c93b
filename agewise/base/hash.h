// Hashes that tell contents apart (xxHash's XXH3). They prove nothing against an attacker.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace agewise::base {

// XXH3-64 of `content`: finds a flipped byte. Some 10 GB/s.
std::uint64_t checksum(std::span<const std::byte> content);
std::string checksum_text(std::uint64_t checksum);  // 16 hexadecimal digits

// Hexadecimal XXH3-128 of `content`, 32 digits: names it.
std::string content_hash(std::span<const std::byte> content);
std::string content_hash(std::string_view content);

// The content_hash() of what comes in pieces.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;
  void add(std::span<const std::byte> piece);
  void add(std::string_view piece);
  std::string hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace agewise::base
