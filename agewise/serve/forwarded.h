// Who a request comes from, and by which name of the server, where a trusted proxy says so (X-Forwarded-For, -Host,
// -Proto). Of anyone else these headers count for nothing.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace agewise::serve {

struct HttpRequest;

using Address = std::array<unsigned char, 16>;  // of IPv6; of IPv4 as ::ffff:a.b.c.d

// "10.0.0.1", "::1", "[::1]", the first and last also with ":port". Nothing for anything else.
std::optional<Address> parse_address(std::string_view text);

// The addresses whose first `bits` of 128 are those of `first`.
struct Network {
  Address first;
  int bits;
};

// "10.0.0.1", "10.0.0.0/8", "fd00::/8". Throws UsageError for anything else, and for 10.0.0.9/8, whose last bits a
// network of 8 bits does not have.
Network parse_network(const std::string& text);
bool contains(std::span<const Network> networks, const Address& address);

// What counts as one client: an IPv4 address, or the first half of an IPv6 address, which is one customer's.
std::string client_of(const Address& address);

// The last address of `forwarded_for`, a list to which every proxy appends whom it was asked by, that is not itself
// trusted: what stands before it could have been made up. `peer`, which is trusted, where there is none.
Address client_address(const Address& peer, std::string_view forwarded_for, std::span<const Network> trusted);

// The host that the client asked for: X-Forwarded-Host, or else Host; "https", "http" or "" if nobody says.
std::string_view asked_host(const HttpRequest& head);
std::string_view asked_scheme(const HttpRequest& head);

}  // namespace agewise::serve
