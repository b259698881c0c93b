// Whose connection is closed when there are too many.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace agewise::serve {

struct Place {
  std::string_view client;
  bool waits;    // for bytes of its client: only such a connection is ever closed for another
  bool known;    // the client has had a picture read before
  bool proven;   // a request was answered on this connection
  double since;  // when it began to wait
};

// Its index; none where all are at work. Those of unknown clients go before those of known ones, connections that have
// never brought a request before those that have, the client with most of them before others, the oldest first.
std::optional<std::size_t> who_gives_way(std::span<const Place> places);
// The same among the connections of one client.
std::optional<std::size_t> who_gives_way(std::span<const Place> places, std::string_view client);

}  // namespace agewise::serve
