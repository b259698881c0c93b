// Processes that MPI has started (mpirun, srun). The only file that knows MPI is mpi_communicator.cpp.
#pragma once
#include <memory>

#include "agewise/base/communicator.h"
#include "agewise/base/progress.h"

namespace agewise::app {

class MpiCommunicator : public base::Communicator {
 public:
  // Whether all processes have come here within so many seconds: they end as one, and nobody need be made to.
  virtual bool all_come(double seconds) = 0;
};

// Connects this process with the others; once a process, which is alone if nobody started it together with others. A
// sum that `stop` finds waiting, and that the others do not take part in for long, throws Error: they are gone. Throws
// Error if MPI cannot be used.
std::unique_ptr<MpiCommunicator> make_mpi_communicator(const base::StopFlag& stop);

}  // namespace agewise::app
