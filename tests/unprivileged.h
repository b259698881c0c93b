// Permissions of files bind a test even where it runs as root.
#pragma once
#include <unistd.h>

namespace agewise {

// While it exists the process has the rights of "nobody" if it is root's, and otherwise its own.
class Unprivileged {
 public:
  Unprivileged() : was_root_(::geteuid() == 0) {
    if (was_root_) became_nobody_ = ::seteuid(65534) == 0;
  }
  ~Unprivileged() {
    if (became_nobody_ && ::seteuid(0) != 0) _exit(1);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  bool was_root_, became_nobody_ = false;
};

}  // namespace agewise
