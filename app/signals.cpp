#include "app/signals.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace agewise::app {
namespace {

base::StopFlag stop{false}, sigterm{false}, hung_up{false};
static_assert(base::StopFlag::is_always_lock_free, "a signal handler may only touch lock-free atomics");

void on_signal(int) {
  if (stop.exchange(true)) ::_exit(130);
  constexpr std::string_view kNotice = "\nagewise: saving and stopping; interrupt again to quit at once\n";
  if (::isatty(STDERR_FILENO) == 1) (void)!::write(STDERR_FILENO, kNotice.data(), kNotice.size());
}

void on_sigterm(int signal) {
  sigterm = true;
  on_signal(signal);
}

void on_hangup(int) { hung_up = true; }

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

base::StopFlag& stop_on_signals() {
  handle(SIGINT, on_signal);
  handle(SIGTERM, on_sigterm);
  handle(SIGUSR1, on_signal);
  handle(SIGXFSZ, SIG_IGN);
  return stop;
}

bool terminated() { return sigterm; }

base::StopFlag& note_hangups() {
  handle(SIGHUP, on_hangup);
  return hung_up;
}

}  // namespace agewise::app
