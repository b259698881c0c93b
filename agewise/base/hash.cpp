#include "agewise/base/hash.h"

#include <xxhash.h>

#include <array>
#include <cstdio>
#include <new>

namespace agewise::base {
namespace {

std::string digits_of(XXH128_hash_t hash) { return checksum_text(hash.high64) + checksum_text(hash.low64); }

}  // namespace

std::uint64_t checksum(std::span<const std::byte> content) { return XXH3_64bits(content.data(), content.size()); }

std::string checksum_text(std::uint64_t checksum) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(checksum));
  return text.data();
}

std::string content_hash(std::span<const std::byte> content) {
  return digits_of(XXH3_128bits(content.data(), content.size()));
}

std::string content_hash(std::string_view content) { return content_hash(std::as_bytes(std::span(content))); }

struct ContentHasher::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() {
    if (xxh == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(xxh);
  }
  ~State() { XXH3_freeState(xxh); }
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) {}
ContentHasher::~ContentHasher() = default;

void ContentHasher::add(std::span<const std::byte> piece) {
  XXH3_128bits_update(state_->xxh, piece.data(), piece.size());
}

void ContentHasher::add(std::string_view piece) { add(std::as_bytes(std::span(piece))); }

std::string ContentHasher::hash() const { return digits_of(XXH3_128bits_digest(state_->xxh)); }

}  // namespace agewise::base
