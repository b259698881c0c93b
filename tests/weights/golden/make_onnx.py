#!/usr/bin/env python3
"""Writes a small .onnx file for each case and onnx.txt: what ONNX Runtime computes for them, and for the networks in DIR.
make_onnx.py DIR   (onnx 1.23, onnxruntime 1.32, xxhash; DIR holds other people's .onnx files, which are not part of the project)
A line of onnx.txt: file, its XXH3-128 ("-" beside this script), factor, offset, outputs; then a line an output: name, count, step, and every
step-th value. Input i is numbers(300 + i) * factor + offset, the batch 2 where the file leaves it open."""
import sys
from pathlib import Path
import numpy as np, onnx, onnxruntime, xxhash
from onnx import TensorProto, helper as h, numpy_helper as nh

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'nn/golden'))
from formula import numbers

HERE = Path(__file__).parent

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

    # What PyTorch and TensorFlow write since: kept after the others, whose constants are numbered.
    yield save('functions', [('HardSwish', 'x', 'a'), ('HardSigmoid', 'x', 'b', dict(alpha=.6, beta=.4)), ('Clip', 'x low high', 'c'), ('Clip', 'x  high', 'd'), ('Gelu', 'x', 'e'),
        ('Gelu', 'x', 'f', dict(approximate='tanh')), ('Max', 'x low', 'g'), ('Min', 'x high', 'h'), ('Clip', 'x zero', 'i'), ('Cast', 'x', 'j', dict(to=1)), ('Concat', 'a b c d e f g h i j', 'y', dict(axis=1))],
        dict(low=np.array(-.3, np.float32), high=np.array(.4, np.float32), zero=np.array(0, np.float32)), opset=20)
    root, half, one = np.array(2 ** .5, np.float32), np.array(.5, np.float32), np.array(1, np.float32)
    yield save('gelu_erf', [('Div', 'x root', 'a'), ('Erf', 'a', 'b'), ('Add', 'b one', 'c'), ('Mul', 'x c', 'd'), ('Mul', 'd half', 'y1'),
        ('Mul', 'x half', 'e'), ('Mul', 'x other', 'f'), ('Erf', 'f', 'g'), ('Add', 'one g', 'h'), ('Mul', 'e h', 'y2'),
        ('Mul', 'c half', 'i'), ('Mul', 'i x', 'y3'), ('Concat', 'y1 y2 y3', 'y', dict(axis=1))], dict(root=root, half=half, one=one, other=np.array(.5 ** .5, np.float32)))
    yield save('spelled_out', [('Conv', 'x w b', 'c'), ('Sigmoid', 'c', 's'), ('Mul', 'c s', 'y1'), ('Add', 'c three', 'd'), ('Clip', 'd zero six', 'e'), ('Mul', 'c e', 'f'), ('Div', 'f six', 'y2'),
        ('Div', 'e six', 'g'), ('Mul', 'g c', 'y3'), ('HardSigmoid', 'c', 'h', dict(alpha=1 / 6)), ('Mul', 'h c', 'y4'), ('Concat', 'y1 y2 y3 y4 g', 'y', dict(axis=1))],
        dict(w=w(4, 3), b=array(4, scale=8), three=np.array(3, np.float32), zero=np.array(0, np.float32), six=np.array(6, np.float32)))
    yield save('layer_norm', [('Transpose', 'x', 't', dict(perm=[0, 2, 3, 1])), ('LayerNormalization', 't norm.weight b', 'n', dict(axis=-1, epsilon=1e-4)), ('MatMul', 'n up', 'm'), ('Add', 'm ub', 'a'),
        ('Gelu', 'a', 'e'), ('MatMul', 'e down', 'd'), ('Mul', 'gamma d', 's'), ('Transpose', 's', 'u', dict(perm=[0, 3, 1, 2])), ('Add', 'u x', 'r'),
        ('ReduceMean', 'r axes', 'p', dict(keepdims=0)), ('LayerNormalization', 'p norm2.weight', 'v', dict(axis=1)), ('ReduceMean', 't pixels', 'q'), ('Mul', 't q', 'k')],
        {'norm.weight': array(3, offset=1), 'b': array(3), 'up': array(3, 7), 'ub': array(7), 'down': array(7, 3), 'gamma': array(3), 'axes': whole(-1, -2), 'norm2.weight': array(3, offset=1), 'pixels': whole(1, 2)},
        outputs=('r', 'v', 'k'), opset=20)
    yield save('gate', [('Conv', 'x w', 'c'), ('ReduceMean', 'c axes', 'p'), ('Conv', 'p f1 b1', 'h'), ('Relu', 'h', 'i'), ('Conv', 'i f2 b2', 'g'), ('HardSigmoid', 'g', 's', dict(alpha=1 / 6)), ('Mul', 's c', 'y')],
        dict(w=w(8, 3), axes=whole(2, 3), f1=w(2, 8, 1), b1=array(2), f2=w(8, 2, 1), b2=array(8)))
    yield save('shuffle', [('Conv', 'x w', 'c'), ('Split', 'c halves', 'a b', dict(axis=1)), ('Conv', 'b v', 'd', dict(group=4)), ('Concat', 'a d', 'e', dict(axis=1)), ('Reshape', 'e five', 'f', dict(allowzero=1)),
        ('Transpose', 'f', 'g', dict(perm=[0, 2, 1, 3, 4])), ('Reshape', 'g four', 'h'), ('Split', 'h', 'i j k', dict(axis=1, num_outputs=3)), ('Concat', 'k i', 'y', dict(axis=1))],
        dict(w=w(8, 3), v=w(4, 1, 1), halves=whole(4, 4), five=whole(1, 2, 4, 4, 6), four=whole(1, 8, 4, 6)), (('x', (1, 3, 6, 8)),))
    yield save('shapes', [('Conv', 'x w', 'c'), ('Shape', 'c', 's'), ('Gather', 's i1', 'n', dict(axis=0)), ('Add', 'n i1', 'm'), ('Div', 'm i2', 'k'), ('Mul', 'k i2', 'e'), ('Slice', 'c zero k i1', 'a'), ('Slice', 'c k e i1', 'b'),
        ('Concat', 'b a', 'd', dict(axis=1)), ('Shape', 'd', 't', dict(end=1)), ('Cast', 't', 'u', dict(to=1)), ('Cast', 'u', 'v', dict(to=7)), ('Unsqueeze', 'i4 zero', 'z'), ('Concat', 'v minus', 'r', dict(axis=0)),
        ('Reshape', 'd r', 'f', dict(allowzero=1)), ('Transpose', 'wt', 'wtt'), ('Gemm', 'f wtt', 'g'), ('Slice', 'g zero z i1', 'y')],
        dict(w=w(8, 3), i1=whole(1), i2=whole(2), i4=np.array(4, np.int64), zero=whole(0), minus=whole(-1), wt=array(5, 192)), (('x', (1, 3, 6, 8)),))
    yield save('counted_padding', [('AveragePool', 'x', 'y', dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)), ('GlobalMaxPool', 'y', 'z')], {}, (('x', ('N', 3, 7, 7)),), outputs=('y', 'z'))
    yield save('nhwc', [('Transpose', 'x', 't', dict(perm=[0, 3, 1, 2])), ('Conv', 't w', 'c', dict(pads=[1, 1, 1, 1])), ('Transpose', 'c', 'd', dict(perm=[0, 2, 3, 1])), ('Add', 'd o', 'e'), ('Max', 'e zero', 'f'), ('Min', 'f six', 'g'),
        ('Pad', 'g pads', 'h'), ('ReduceMean', 'h axes', 'm', dict(keepdims=0)), ('MatMul', 'm v', 'y'), ('Flatten', 'g', 'z')],
        dict(w=w(4, 3), o=array(4), zero=np.array(0, np.float32), six=np.array(6, np.float32), pads=whole(0, 1, 0, 0, 0, 0, 2, 0), axes=whole(1, 2), v=array(4, 5)), (('x', ('N', 6, 8, 3)),), outputs=('y', 'z'))
    file = save('outside', [('Conv', 'x a.weight', 'c'), ('Conv', 'c b.weight bias', 'y')], {'a.weight': w(4, 3), 'b.weight': w(2, 4), 'bias': array(2)})
    (HERE / 'outside.bin').unlink(missing_ok=True)  # onnx.save() would append
    onnx.save(onnx.load(file), file, save_as_external_data=True, location='outside.bin', size_threshold=0)
    yield file
    # Constants of 3 × 3 × 3: an axis that is counted wrongly gives other values, not another shape.
    yield save('negative_axes', [('Gather', 'k turn', 'a', dict(axis=-1)), ('Gather', 'a turn', 'b', dict(axis=-2)), ('Concat', 'b k', 'c', dict(axis=-1)), ('Slice', 'c two five last', 'd'),
        ('Slice', 'd last far first backwards', 'e'), ('Gather', 'e two', 'f', dict(axis=-3)), ('Squeeze', 'f first', 'g'), ('Gather', 'g one', 'h', dict(axis=-1)), ('Unsqueeze', 'h outer', 'i'),
        ('Mul', 'x i', 'j'), ('Shape', 'j', 's', dict(start=-2)), ('Concat', 'front s', 'shape', dict(axis=-1)), ('Reshape', 'j shape', 'y')],
        dict(k=array(3, 3, 3), turn=whole(2, 0, 1), two=whole(2), five=whole(5), one=np.array(1, np.int64), last=whole(-1), first=whole(-3), far=whole(-9), backwards=whole(-1), outer=whole(-1, -2), front=whole(0, 3)))
    # As PyTorch's exporter writes networks that it does not optimise.
    yield save('cast_like', [('CastLike', 'low x', 'z'), ('Shape', 'w', 's', dict(end=1)), ('Expand', 'z s', 'b'), ('Conv', 'x w b', 'c'), ('CastLike', 'six w', 'high'), ('Clip', 'c z high', 'd'),
        ('CastLike', 'part two', 'k'), ('Slice', 'd zero k one', 'y')], dict(w=w(4, 3), low=np.array(-0.5, np.float32), six=np.array(1, np.int64), part=np.array([2.5], np.float32), two=whole(2), one=whole(1), zero=whole(0)))

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
