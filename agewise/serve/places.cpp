#include "agewise/serve/places.h"

#include <map>
#include <tuple>

namespace agewise::serve {
namespace {

template <class Counts>
std::optional<std::size_t> first_to_go(std::span<const Place> places, const Counts& counts) {
  std::optional<std::size_t> first;
  auto key = [&](const Place& place) {
    return std::tuple(place.known, place.proven, -counts(place.client), place.since);
  };
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!places[i].waits || counts(places[i].client) == 0) continue;
    if (!first || key(places[i]) < key(places[*first])) first = i;
  }
  return first;
}

}  // namespace

std::optional<std::size_t> who_gives_way(std::span<const Place> places) {
  std::map<std::string_view, int> counts;
  for (const Place& place : places) ++counts[place.client];
  return first_to_go(places, [&](std::string_view client) { return counts.at(client); });
}

std::optional<std::size_t> who_gives_way(std::span<const Place> places, std::string_view client) {
  return first_to_go(places, [&](std::string_view one) { return one == client ? 1 : 0; });
}

}  // namespace agewise::serve
