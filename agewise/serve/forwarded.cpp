#include "agewise/serve/forwarded.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agewise/base/error.h"
#include "agewise/serve/http.h"

namespace agewise::serve {
namespace {

constexpr Address kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // of IPv4 the first twelve bytes

bool is_ipv4(const Address& address) { return std::equal(kMapped.begin(), kMapped.begin() + 12, address.begin()); }

std::string text_of(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_ipv4(address)) return ::inet_ntop(AF_INET, &address[12], text.data(), text.size());
  return ::inet_ntop(AF_INET6, address.data(), text.data(), text.size());
}

std::string_view trimmed(std::string_view text) {
  std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// Of a list that proxies append to, the last item.
std::string_view last_of(std::string_view list) { return trimmed(list.substr(list.rfind(',') + 1)); }

std::optional<int> number(std::string_view text) {
  int value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return value;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos &&
         number(text).value_or(65536) <= 65535;
}

// Empty for what has something else than a port behind its address.
std::string_view without_port(std::string_view text) {
  bool bracketed = text.starts_with('[');
  std::size_t end = bracketed ? text.find(']') : text.find(':');
  if (end == std::string_view::npos) return bracketed ? "" : text;
  if (!bracketed && text.find(':', end + 1) != std::string_view::npos) return text;  // IPv6
  std::string_view rest = text.substr(bracketed ? end + 1 : end);
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return "";
  return bracketed ? text.substr(1, end - 1) : text.substr(0, end);
}

std::optional<Address> parse_plain(std::string_view text) {
  std::string plain(text);
  Address address = kMapped;
  if (::inet_pton(AF_INET, plain.c_str(), &address[12]) == 1) return address;
  if (::inet_pton(AF_INET6, plain.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

// The first `bits` bits of it, then zeros.
Address masked(Address address, int bits) {
  for (int i = bits; i < 128; ++i)
    address[static_cast<std::size_t>(i / 8)] &= static_cast<unsigned char>(~(0x80 >> i % 8));
  return address;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) { return parse_plain(without_port(text)); }

Network parse_network(const std::string& text) {
  std::size_t slash = std::min(text.find('/'), text.size());
  std::optional<Address> first = parse_plain(std::string_view(text).substr(0, slash));
  int most = first && is_ipv4(*first) ? 32 : 128;
  std::optional<int> bits = slash == text.size() ? std::optional(most) : number(text.substr(slash + 1));
  if (!first || !bits || *bits > most)
    throw base::UsageError("\"" + text + "\" is neither an address nor a network such as 10.0.0.0/8 or fd00::/8");
  Network network{masked(*first, *bits + 128 - most), *bits + 128 - most};
  if (network.first != *first) {
    throw base::UsageError(fmt::format("\"{}\" is an address within a network: give {}/{} for the network, or {} alone",
                                       text, text_of(network.first), *bits, text_of(*first)));
  }
  return network;
}

bool contains(std::span<const Network> networks, const Address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return masked(address, network.bits) == network.first; });
}

std::string client_of(const Address& address) {
  return is_ipv4(address) ? text_of(address) : text_of(masked(address, 64)) + "/64";
}

Address client_address(const Address& peer, std::string_view forwarded_for, std::span<const Network> trusted) {
  Address client = peer;
  while (contains(trusted, client)) {
    std::optional<Address> before = parse_address(last_of(forwarded_for));
    if (!before) break;
    client = *before;
    std::size_t comma = forwarded_for.rfind(',');
    forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  return client;
}

std::string_view asked_host(const HttpRequest& head) {
  std::string_view forwarded = head.by_proxy ? last_of(head.header("x-forwarded-host")) : "";
  return forwarded.empty() ? head.header("host") : forwarded;
}

std::string_view asked_scheme(const HttpRequest& head) {
  return head.by_proxy ? last_of(head.header("x-forwarded-proto")) : "";
}

}  // namespace agewise::serve
