#include "agewise/base/interned.h"

#include <mutex>
#include <unordered_set>

namespace agewise::base {

Interned::Interned(std::string_view text) {
  if (text.empty()) return;
  static std::mutex mutex;
  static auto& texts = *new std::unordered_set<std::string>;  // outlives all static ones
  std::lock_guard lock(mutex);
  text_ = &*texts.emplace(text).first;  // its place never changes
}

const std::string& Interned::str() const {
  static const std::string nothing;
  return text_ == nullptr ? nothing : *text_;
}

}  // namespace agewise::base
