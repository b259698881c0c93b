#!/usr/bin/env python3
"""Writes a small .onnx file for each case and onnx.txt: what ONNX Runtime computes for them, and for the networks in DIR.
make_onnx.py DIR   (onnx 1.23, onnxruntime 1.32, xxhash; DIR holds other people's .onnx files, which are not part of the project)
A line of onnx.txt: file, its XXH3-128 ("-" beside this script), factor, offset, outputs; then a line an output: name, count, step, and every
step-th value. Input i is numbers(300 + i) * factor + offset, the batch 2 where the file leaves it open."""
import sys
from pathlib import Path
import numpy as np, onnx, onnxruntime, xxhash
from onnx import TensorProto, helper as h, numpy_helper as nh

HERE = Path(__file__).parent

def numbers(key, count):
    """The same integers in every language; tests/nn/golden.cpp."""
    i = np.arange(count, dtype=np.uint64)
    x = (i * 2654435761 + key * 40503 + 12345) % 2**32
    x = ((x ^ (x >> 15)) * 2246822519) % 2**32
    x = ((x ^ (x >> 13)) * 3266489917) % 2**32
    return ((x ^ (x >> 16)) / 2**32 - 0.5).astype(np.float32)

keys = iter(range(1000, 100000))
def array(*shape, scale=1, offset=0): return (numbers(next(keys), int(np.prod(shape))).reshape(shape) * scale + offset).astype(np.float32)
def whole(*values): return np.array(values, np.int64)

def save(name, nodes, constants, inputs=(('x', ('N', 3, 6, 8)),), outputs=('y',), opset=18):
    graph = h.make_graph([h.make_node(n[0], n[1].split(), n[2].split(), **(n[3] if len(n) > 3 else {})) for n in nodes], name,
        [h.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs], [h.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [nh.from_array(v, k) for k, v in constants.items()])
    model = h.make_model(graph, producer_name='make_onnx.py', opset_imports=[h.make_opsetid('', opset)], ir_version=8)
    onnx.save(model, HERE / (name + '.onnx'))
    return HERE / (name + '.onnx')

def cases():
    w = lambda o, i, k=3, kw=None: array(o, i, k, kw or k)
    yield save('conv', [('Conv', 'x w b', 'y', dict(pads=[1, 0, 2, 1], strides=[2, 2]))], dict(w=w(4, 3, 3, 2), b=array(4)))
    yield save('conv_same', [('Conv', 'x w', 'y', dict(auto_pad='SAME_UPPER', strides=[2, 2]))], dict(w=w(4, 3)), (('x', (1, 3, 6, 7)),))
    yield save('conv_groups', [('Conv', 'x w', 'm', dict(group=3, pads=[1, 1, 1, 1])), ('Conv', 'm p', 'y')], dict(w=w(6, 1), p=w(4, 6, 1)))
    yield save('conv_scaled', [('Conv', 'x a.weight b', 'c'), ('Mul', 'c s', 'd'), ('Add', 'd o', 'e'), ('Relu', 'e', 'y')],
        {'a.weight': w(4, 3), 'b': array(4), 's': array(1, 4, 1, 1), 'o': array(4, 1, 1)})
    yield save('gemm', [('Flatten', 'x', 'f'), ('Gemm', 'f w b', 'g', dict(alpha=.5, beta=2.)), ('MatMul', 'g m', 'h'), ('Add', 'h a', 'i'),
        ('Gemm', 'i t', 'y', dict(transB=1))], dict(w=array(144, 5), b=array(1, 5), m=array(5, 3), a=array(3), t=array(2, 3)))
    yield save('batch_norm', [('BatchNormalization', 'x g b m v', 'y', dict(epsilon=.01))], dict(g=array(3), b=array(3), m=array(3), v=array(3, offset=1)))
    yield save('activations', [('Relu', 'x', 'a'), ('Sigmoid', 'x', 'b'), ('Tanh', 'x', 'c'), ('LeakyRelu', 'x', 'd', dict(alpha=.2)), ('PRelu', 'x s', 'e'),
        ('Concat', 'a b c d e', 'y', dict(axis=-3))], dict(s=array(3, 1, 1)))
    yield save('softmax', [('Softmax', 'x', 'y', dict(axis=1))], {})
    yield save('pools', [('MaxPool', 'x', 'a', dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)), ('AveragePool', 'x', 'b', dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
        ('GlobalAveragePool', 'x', 'c'), ('ReduceMean', 'x axes', 'd', dict(keepdims=0))], dict(axes=whole(-1, 2)), outputs='abcd')
    yield save('between_layers', [('Conv', 'x w', 'c'), ('Sigmoid', 'c', 's'), ('Mul', 'c s', 'm'), ('Sub', 'm c', 'd'), ('Div', 'd s', 'e'), ('Add', 'e c', 'f'),
        ('GlobalAveragePool', 'f', 'g'), ('Mul', 'g f', 'y')], dict(w=w(4, 3)))
    yield save('with_constants', [('Sub', 'x mean', 'a'), ('Mul', 'k a', 'b'), ('Sub', 'one b', 'c'), ('Div', 'c d', 'e'), ('Add', 'e o', 'y')],
        dict(mean=array(1), k=array(3, 1, 1), one=np.array(1, np.float32), d=array(1, 3, 1, 1, offset=1), o=array(1)))
    yield save('pad', [('Pad', 'x pads', 'y')], dict(pads=whole(0, 0, 1, 2, 0, 4, 3, 0)))
    yield save('resize', [('Resize', 'x roi scales', 'a', dict(mode='nearest', coordinate_transformation_mode='asymmetric', nearest_mode='floor')),
        ('Resize', 'x roi three', 'b', dict(mode='nearest'))], dict(roi=np.zeros(0, np.float32), scales=np.array([1, 1, 2, 2], np.float32),
        three=np.array([1, 1, 3, 3], np.float32)), outputs='ab')
    yield save('upsample', [('Upsample', 'x scales', 'y', dict(mode='nearest'))], dict(scales=np.array([1, 1, 3, 3], np.float32)), opset=9)
    yield save('places', [('Transpose', 'x', 't', dict(perm=[0, 2, 3, 1])), ('Reshape', 't s', 'a'), ('Unsqueeze', 'a three', 'u'), ('Squeeze', 'u three', 'q'),
        ('Transpose', 'q', 'b', dict(perm=[0, 2, 1])), ('Flatten', 'b', 'f'), ('Identity', 'f', 'i'), ('Dropout', 'i', 'y')], dict(s=whole(0, -1, 12), three=whole(3)))
    yield save('two_inputs', [('GlobalAveragePool', 'x', 'g'), ('Flatten', 'g', 'f'), ('Concat', 'f z', 'c', dict(axis=1)), ('Gemm', 'c w', 'age'), ('Softmax', 'c', 'other')],
        dict(w=array(8, 1)), (('x', ('N', 3, 6, 8)), ('z', ('N', 5))), ('age', 'other'))

def say(file, hash, factor, offset, out):
    session = onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])
    feed = {}
    for i, x in enumerate(session.get_inputs()):
        shape = [d if isinstance(d, int) else 2 for d in x.shape]
        feed[x.name] = numbers(300 + i, int(np.prod(shape))).reshape(shape) * np.float32(factor) + np.float32(offset)
    results = session.run(None, feed)
    print(file.name, hash, factor, offset, len(results), file=out)
    for x, values in zip(session.get_outputs(), results):
        v = values.ravel(); step = max(1, len(v) // 100)
        print(x.name, len(v), step, *('%.9g' % n for n in v[::step]), file=out)

with open(HERE / 'onnx.txt', 'w') as out:
    for file in list(cases()): say(file, '-', 2, 0, out)
    for file in sorted(Path(sys.argv[1]).glob('*.onnx')):
        factor, offset = (2, 0) if file.name.startswith(('dlib', 'faceapi')) else (255, 0 if file.name.startswith('squeeze') else 127.5)
        say(file, xxhash.xxh3_128_hexdigest(file.read_bytes()), factor, offset, out)
