#include "app/signals.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace agewise::app {
namespace {

base::StopFlag stop{false};
static_assert(base::StopFlag::is_always_lock_free, "a signal handler may only touch lock-free atomics");

void on_signal(int) {
  if (stop.exchange(true)) ::_exit(130);
  constexpr std::string_view kNotice = "\nagewise: saving and stopping; once more to quit at once\n";
  if (::isatty(STDERR_FILENO) == 1) (void)!::write(STDERR_FILENO, kNotice.data(), kNotice.size());
}

}  // namespace

base::StopFlag& stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return stop;
}

}  // namespace agewise::app
