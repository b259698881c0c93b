#include "agewise/store/stores.h"

#include <fmt/format.h>

namespace agewise::store {
namespace {

// What each store says of itself, a line each; of one just that.
template <class Text>
std::string lines_of(const std::vector<const Store*>& stores, Text text) {
  std::string lines;
  for (const Store* store : stores) lines += (lines.empty() || lines.ends_with('\n') ? "" : "\n") + text(*store);
  return lines;
}

}  // namespace

Stores::Stores(std::span<const Store> stores) {
  for (const Store& store : stores) stores_.push_back(&store);
}

std::vector<FaceRecord> Stores::faces() const {
  std::vector<FaceRecord> all;
  for (std::size_t i = 0; i < count(); ++i) {
    for (FaceRecord& face : stores_[i]->faces()) {
      face.store = static_cast<std::uint32_t>(i);
      if (count() > 1 && !face.person.empty()) face.person = fmt::format("{}:{}", i + 1, face.person);
      all.push_back(std::move(face));
    }
  }
  return all;
}

void Stores::check_complete() const {
  for (const Store* store : stores_) store->check_complete();
}

std::string Stores::content() const {
  return lines_of(stores_, [](const Store& store) { return store.content(); });
}

std::string Stores::first_content() const {
  return lines_of(stores_, [](const Store& store) { return store.first_content(); });
}

std::string Stores::labels() const {
  return lines_of(stores_, [](const Store& store) { return store.metadata().labels; });
}

std::string Stores::names() const {
  std::string names;
  for (std::size_t i = 0; i < count(); ++i)
    names += (i == 0 ? "" : i + 1 == count() ? " and " : ", ") + stores_[i]->file().string();
  return names;
}

}  // namespace agewise::store
