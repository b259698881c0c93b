// A listening socket.
#pragma once
#include <string>

namespace agewise::serve {

struct Listener {
  int socket;
  int port;  // the one that was chosen, where 0 was asked for
  bool ipv6;
};

// Throws UsageError for what is no numeric address, Error naming address and port where it cannot listen.
Listener listen_on(const std::string& address, int port);

// Of a socket that the service manager passes, which listens on a TCP port; both throw UsageError for any other. It
// stays open beside the Listener's own.
Listener listener_of(int socket);
std::string address_of(int socket);  // that it is bound to, numeric

// Whether only this machine reaches it: 127.0.0.0/8 or ::1.
bool is_loopback(const std::string& address);

}  // namespace agewise::serve
