#include "app/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "agewise/base/error.h"

namespace agewise::app {
namespace {

constexpr int kFirstPassed = 3;  // SD_LISTEN_FDS_START

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<int> passed_socket() {
  if (environment("LISTEN_PID") != std::to_string(::getpid())) return std::nullopt;
  std::string count = environment("LISTEN_FDS");
  if (count.empty() || count == "0") return std::nullopt;
  if (count != "1")
    throw base::UsageError("the service manager passes " + count + " sockets, but only one is supported");
  return kFirstPassed;
}

void tell_manager(const std::string& state) {
  std::string path = environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return;
  std::copy(path.begin(), path.end(), address.sun_path);
  if (path.front() == '@') address.sun_path[0] = '\0';  // an abstract one
  int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  (void)::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), size);
  ::close(socket);
}

}  // namespace agewise::app
