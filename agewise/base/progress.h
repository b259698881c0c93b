// How long work tells how far it is and is asked to stop. The library never prints and never reads a clock itself:
// the program (or a test) hands these in.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace agewise::base {

struct Progress {
  std::string what;  // "preparing", "epoch 3 of 100"
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: not known
  std::uint64_t rejects = 0;
};

// Called from one thread at a time, often: the receiver decides what of it to show. May be empty.
using ProgressSink = std::function<void(const Progress&)>;

// Set from a signal handler; long work looks at it often, saves what it has and throws Interrupted.
using StopFlag = std::atomic<bool>;

// Seconds on a steady clock, from any origin.
using Clock = std::function<double()>;

}  // namespace agewise::base
