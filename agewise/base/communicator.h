// Processes that work on one thing together, each on its share, perhaps on several machines. The rest of the code knows
// them by this alone: alone() is the plain program, app/mpi_communicator.cpp is over MPI.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "agewise/base/bfloat16.h"

namespace agewise::base {

// All processes make the same calls in the same order, from one thread each; a call may wait for the others to make
// theirs. Whatever is exchanged depends on values and ranks, never on time: the same number of processes twice gives
// the same bits. Throws Error where the others cannot be reached.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  // of this process, 0 … size() - 1
  virtual int size() const = 0;
  virtual const std::string& host(int rank) const = 0;  // the name of its machine

  // Adds up `values` over all processes, element by element, into `values` of each: equal bits everywhere. Begins and
  // returns; the values are to be left alone until finish_sum(), which waits for the oldest sum that was begun and not
  // finished. Sums go on by themselves meanwhile.
  virtual void start_sum(std::span<float> values) = 0;
  virtual void start_sum(std::span<Bfloat16> values) = 0;  // half the bytes; each addition is rounded
  virtual void finish_sum() = 0;
  virtual void sum(std::span<double> values) = 0;  // at once

  virtual void broadcast(std::span<std::byte> bytes) = 0;                // those of process 0 to all
  virtual std::vector<std::string> gather(const std::string& text) = 0;  // everybody's, by rank, on all
  virtual void barrier() = 0;                                            // until all are here
  [[noreturn]] virtual void abort(int exit_code) = 0;                    // ends all processes, wherever they are
};

// A process without others; any number of threads may use it.
Communicator& alone();

// Of process 0, with its length, to all.
std::string broadcast_text(Communicator& communicator, std::string text);
void broadcast_floats(Communicator& communicator, std::vector<float>& values);

}  // namespace agewise::base
