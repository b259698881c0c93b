// What work fails with, for tests of what errors say.
#pragma once
#include <string>

#include "agewise/base/error.h"

namespace agewise {

// The text of the Kind of error that `work` throws, or "no error"; another kind passes through.
template <class Kind = base::Error, class Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const Kind& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace agewise
