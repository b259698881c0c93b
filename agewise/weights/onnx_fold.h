// Nodes that compute constants: exporters write the arithmetic of shapes into the graph.
#pragma once
#include "agewise/weights/onnx_reader.h"

namespace agewise::weights {

// Whether the node gives constants, which are then defined: of Shape and Size always, of CastLike if its first input is
// constant, of Add, Cast, Ceil, Concat, ConstantOfShape, Div, Equal, Expand, Floor, Gather, Max, Min, Mul, Neg, Range,
// ReduceProd, Reshape, Slice, Sqrt, Squeeze, Sub, Transpose, Unsqueeze and Where if all their inputs are. Throws Error
// naming the node.
bool fold_constants(OnnxReader& reader, OnnxNode& node);

}  // namespace agewise::weights
