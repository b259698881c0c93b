// Which layers of a graph are computed together.
#pragma once
#include <vector>

#include "agewise/nn/engine.h"

namespace agewise::nn::cpu {

// `layer`, and with it the layers that follow it and are named here; -1: not part of it.
struct Operation {
  int layer;
  int normalisation = -1;  // after a convolution
  int add = -1;            // of the convolution's result to `other`, infer only
  int other = -1;
  int relu = -1;
  int activation = -1;  // another than ReLU after the convolution, infer only
  int pool = -1;
  int dropout = -1;
  int output;  // the last of them, whose value is the operation's
};

// Every layer but the inputs is in exactly one operation; an operation comes after those that it reads.
// A fused stem (fused_stem.h) is one, if `stem`. Train: convolution, fully connected or normalisation with ReLU. Infer:
// convolution with normalisation, residual add and an activation, fully connected with ReLU.
std::vector<Operation> operations_of(const Graph& graph, Mode mode, bool fused, bool stem = true);

}  // namespace agewise::nn::cpu
