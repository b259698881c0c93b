// systemd, or another service manager that speaks its protocols: sd_listen_fds(3) and sd_notify(3), without its
// library.
#pragma once
#include <optional>
#include <string>

namespace agewise::app {

// The listening socket that the manager opened for this process, if it did. Throws UsageError for more than one.
std::optional<int> passed_socket();

// "READY=1", "RELOADING=1", "STOPPING=1"; nothing where no manager waits for it.
void tell_manager(const std::string& state);

}  // namespace agewise::app
