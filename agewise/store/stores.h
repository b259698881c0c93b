// Several stores read as one: what a network is trained on may come from more than one collection.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agewise/store/store.h"

namespace agewise::store {

// A view of one or more stores, in their order; they must outlive it. Several threads may call it.
class Stores {
 public:
  Stores(const Store& store) : stores_{&store} {}  // implicit: one is the common case
  // At least one.
  explicit Stores(std::span<const Store> stores);

  std::size_t count() const { return stores_.size(); }
  const Store& operator[](std::size_t i) const { return *stores_[i]; }
  const Store& first() const { return *stores_.front(); }

  // Those of the first store, then those of the next …; FaceRecord::store says of which. Of several stores a person is
  // called by the store's number as well: people of one name in two collections are not taken for one person.
  std::vector<FaceRecord> faces() const;
  image::Image picture(const FaceRecord& face) const { return stores_[face.store]->picture(face.row); }
  void check_complete() const;

  // Of all of them in their order, as Store::content() and first_content() of one.
  std::string content() const;
  std::string first_content() const;
  std::string labels() const;  // StoreMetadata::labels of all
  std::string names() const;   // "faces.db", "utk.db and flickr.db": for messages

 private:
  std::vector<const Store*> stores_;
};

}  // namespace agewise::store
