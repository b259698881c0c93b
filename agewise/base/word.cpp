#include "agewise/base/word.h"

#include <mutex>
#include <unordered_set>

namespace agewise::base {

Word::Word(std::string_view text) {
  if (text.empty()) return;
  static std::mutex mutex;
  static auto& words = *new std::unordered_set<std::string>;  // outlives all static Words
  std::lock_guard lock(mutex);
  text_ = &*words.emplace(text).first;  // its place never changes
}

const std::string& Word::str() const {
  static const std::string nothing;
  return text_ == nullptr ? nothing : *text_;
}

}  // namespace agewise::base
