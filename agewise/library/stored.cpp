// training::Store over store::Store.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/base/workers.h"
#include "agewise/library/call.h"
#include "agewise/store/store.h"
#include "agewise/training.h"

namespace agewise::training {
namespace {

using library::told;

StoredFace face_of(store::FaceRecord record) {
  StoredFace face;
  face.row = record.row;
  face.file = std::move(record.file);
  face.source = std::move(record.source);
  face.person = std::move(record.person);
  face.race = std::move(record.race);
  face.age = record.age;
  face.age_low = record.age_range ? record.age_range->low : record.age;
  face.age_high = record.age_range ? record.age_range->high : record.age;
  face.age_sigma = record.age_sigma;
  face.gender = static_cast<Gender>(record.gender);
  face.part = static_cast<Part>(record.split);
  if (record.face) {
    const image::Box& box = record.face->box;
    face.box = {box.left, box.top, box.right, box.bottom};
    face.angle = record.face->angle;
  }
  face.replicated = record.replicated;
  return face;
}
static_assert(int(Gender::female) == int(catalog::Gender::female) && int(Gender::male) == int(catalog::Gender::male));
static_assert(int(Part::train) == int(catalog::Split::train) && int(Part::val) == int(catalog::Split::val) &&
              int(Part::test) == int(catalog::Split::test));

}  // namespace

class Store::Host {
 public:
  explicit Host(const std::string& name)
      : store(name),
        file(name),
        recipe(recipe::to_toml(store.metadata().recipe)),
        size(store.metadata().recipe.face.size) {
    for (store::FaceRecord& record : store.faces()) faces.push_back(face_of(std::move(record)));
  }

  // Throws Error for a face that is not what the recipe says.
  void read(std::size_t place, std::span<std::uint8_t> pixels) const {
    std::vector<std::uint8_t> values = store.picture(faces.at(place).row).pixels;
    if (values.size() != pixels.size())
      throw base::file_error(file, fmt::format("the face of label row {} has an unexpected size", faces[place].row));
    std::copy(values.begin(), values.end(), pixels.begin());
  }

  int channels() const { return store.metadata().recipe.face.colour == recipe::Colour::grey ? 1 : 3; }
  std::size_t values() const { return static_cast<std::size_t>(size) * static_cast<std::size_t>(size * channels()); }

  store::Store store;
  std::string file, recipe;
  int size;
  std::vector<StoredFace> faces;
};

Store::Store(std::unique_ptr<Host> host) : host_(std::move(host)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::open(const std::string& file) {
  return told([&] { return Store(std::make_unique<Host>(file)); });
}

const std::vector<StoredFace>& Store::faces() const { return host_->faces; }
int Store::side() const { return host_->size; }
int Store::channels() const { return host_->channels(); }
const std::string& Store::file() const { return host_->file; }
const std::string& Store::recipe() const { return host_->recipe; }
const std::string& Store::labels() const { return host_->store.metadata().labels; }
bool Store::complete() const { return host_->store.metadata().complete; }

std::vector<std::size_t> Store::part(Part part) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < host_->faces.size(); ++i) {
    if (host_->faces[i].part == part) places.push_back(i);
  }
  return places;
}

std::map<std::string, std::int64_t> Store::rejects() const {
  return told([&] {
    std::map<std::string, std::int64_t> counts;
    for (const auto& [reason, count] : host_->store.reject_counts())
      counts[std::string(catalog::describe(reason))] = count;
    return counts;
  });
}

void Store::read(std::span<const std::size_t> places, std::span<std::uint8_t> pixels, int threads) const {
  told([&] {
    std::size_t values = host_->values();
    if (pixels.size() != places.size() * values)
      throw base::UsageError(fmt::format("the buffer needs {} values, {} per face, but has {}", places.size() * values,
                                         values, pixels.size()));
    for (std::size_t place : places) {
      if (place >= host_->faces.size())
        throw base::UsageError(
            fmt::format("{}: there is no face {}: the store has {}", host_->file, place, host_->faces.size()));
    }
    base::parallel_for(library::threads_of(threads), places.size(),
                       [&](std::size_t i) { host_->read(places[i], pixels.subspan(i * values, values)); });
  });
}

}  // namespace agewise::training
