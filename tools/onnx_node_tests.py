#!/usr/bin/env python3
"""How many of the onnx package's backend node tests pass on our engine, a row an operator.
onnx_node_tests.py ONNX_RUN [--failed]     (onnx, numpy; ONNX_RUN is build/…/onnx_run)
A test counts if its model is one node of an operator that agewise claims (agewise/weights/onnx.h). The first input is the
picture; others become constants with the test's values, as they are in networks, or inputs of their own where the node
refuses that. Passed: every output that the node has within 1e-3 + 1e-3 of the test's, read as floats. What is refused is
listed by its message with --failed."""
import argparse
import collections
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

CLAIMED = '''Add AveragePool BatchNormalization Cast Clip Concat Constant ConstantOfShape Conv Div Dropout Expand Flatten Gather Gelu
Gemm GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity LayerNormalization LeakyRelu MatMul Max MaxPool Min Mul PRelu
Pad ReduceMean Relu Reshape Resize Sigmoid Slice Softmax Split Squeeze Sub Sum Swish Tanh Transpose Unsqueeze Upsample'''.split()


def attempt(program, model, inputs, outputs, folder, constants):
    changed = onnx.ModelProto.FromString(model.SerializeToString())
    names = [i.name for i in changed.graph.input]
    layers = [0] if constants else [i for i, value in enumerate(inputs) if value.dtype == np.float32]
    del changed.graph.input[:]
    for i, info in enumerate(model.graph.input):
        if i in layers:
            made = changed.graph.input.add()
            made.CopyFrom(info)
        else:
            changed.graph.initializer.append(numpy_helper.from_array(inputs[i], names[i]))
    (folder / 'node.onnx').write_bytes(changed.SerializeToString())
    files = []
    for i in layers:
        np.ascontiguousarray(inputs[i], np.float32).tofile(folder / f'in{i}')
        files.append(folder / f'in{i}')
    results = [folder / f'out{i}' for i in range(len(outputs))]
    run = subprocess.run([program, folder / 'node.onnx', 'run', *files, '--', *results], capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        return run.stderr.strip()[-200:] or f'ended with {run.returncode}'
    for file, expected in zip(results, outputs):
        found = np.fromfile(file, np.float32)
        if found.size != expected.size or not np.allclose(found, expected.astype(np.float32).ravel(), 1e-3, 1e-3):
            return 'another value'
    return ''


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('--failed', action='store_true')
    arguments = parser.parse_args()
    passed, all_of, other = collections.Counter(), collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in sorted(collect_testcases(None), key=lambda case: case.name):
            model = case.model
            if model is None or len(model.graph.node) != 1:
                continue
            kind = model.graph.node[0].op_type
            if kind not in CLAIMED or model.graph.node[0].domain:
                other[kind] += 1
                continue
            inputs, outputs = case.data_sets[0]
            tensors = all(isinstance(value, np.ndarray) for value in [*inputs, *outputs])
            if not tensors or not inputs or inputs[0].dtype not in (np.float32, np.float64, np.float16):
                continue  # sequences, texts, whole numbers: nothing that a layer is
            all_of[kind] += 1
            problem = attempt(arguments.program, model, inputs, outputs, folder, True)
            if problem and len(inputs) > 1:
                problem = attempt(arguments.program, model, inputs, outputs, folder, False) and problem
            passed[kind] += not problem
            if problem and arguments.failed:
                print(f'{case.name}: {problem}', flush=True)
    print('| operator | passed | of |\n|---|---|---|')
    for kind in CLAIMED:
        if all_of[kind]:
            print(f'| {kind} | {passed[kind]} | {all_of[kind]} |')
    print(f'\n{sum(passed.values())} of {sum(all_of.values())}. Not claimed: ' + ', '.join(sorted(other)))


if __name__ == '__main__':
    main()
