// Ctrl-C, SIGTERM, SIGUSR1 and SIGHUP.
#pragma once
#include "agewise/base/progress.h"

namespace agewise::app {

// From now on the first SIGINT, SIGTERM or SIGUSR1, which queueing systems send before the time is up, sets the flag
// that is returned, so that work can save itself and throw Interrupted; a second one ends the program at once with 130.
// A file that grows beyond the limit of the process (ulimit -f) is an error like a full disk, not the end by SIGXFSZ.
base::StopFlag& stop_on_signals();

// Whether a SIGTERM came, which, unlike Ctrl-C, does not reach the processes that this one started.
bool terminated();

// From now on SIGHUP, which ends a program otherwise, sets the flag that is returned; whoever acts on it clears it.
base::StopFlag& note_hangups();

}  // namespace agewise::app
