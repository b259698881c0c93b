#include "agewise/serve/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "agewise/base/error.h"

namespace agewise::serve {
namespace {

using Address = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Address parse(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    throw base::UsageError(fmt::format("\"{}\" is not a numeric address such as 127.0.0.1, 0.0.0.0 or ::1", address));
  }
  return {found, &::freeaddrinfo};
}

int port_of(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

// AF_INET or AF_INET6 of a socket that the service manager passes. Throws UsageError for one that is not the service's.
int family_of_passed(int socket) {
  int listens = 0, family = 0;
  socklen_t size = sizeof listens;
  bool works = ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0 &&
               ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 &&
               (family == AF_INET || family == AF_INET6);
  if (!works) throw base::UsageError("the socket passed by the service manager does not listen on a TCP port");
  return family;
}

}  // namespace

Listener listen_on(const std::string& address, int port) {
  Address parsed = parse(address, port);
  int socket = ::socket(parsed->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int yes = 1;
  bool works = socket >= 0 && ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
               ::bind(socket, parsed->ai_addr, parsed->ai_addrlen) == 0 && ::listen(socket, SOMAXCONN) == 0;
  if (!works) {
    int problem = errno;
    if (socket >= 0) ::close(socket);
    throw base::Error(
        fmt::format("cannot listen on {} port {}: {}; choose another port", address, port, std::strerror(problem)));
  }
  return {socket, port_of(socket), parsed->ai_family == AF_INET6};
}

Listener listener_of(int socket) {
  int family = family_of_passed(socket);
  int own = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (own < 0 || ::fcntl(own, F_SETFL, ::fcntl(own, F_GETFL) | O_NONBLOCK) != 0)
    throw base::Error(fmt::format("the socket passed by the service manager: {}", std::strerror(errno)));
  return {own, port_of(own), family == AF_INET6};
}

std::string address_of(int socket) {
  family_of_passed(socket);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  std::array<char, NI_MAXHOST> text{};
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  ::getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return text.data();
}

bool is_loopback(const std::string& address) {
  Address parsed = parse(address, 0);
  if (parsed->ai_family == AF_INET6) {
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<sockaddr_in6*>(parsed->ai_addr)->sin6_addr);
  }
  return ntohl(reinterpret_cast<sockaddr_in*>(parsed->ai_addr)->sin_addr.s_addr) >> 24 == 127;
}

}  // namespace agewise::serve
