#!/usr/bin/env python3
"""Whether fine-tuning VGG-16 begins with the same loss whichever format its weights came from.
check_formats.py AGEWISE STORE FOLDER   (numpy, torch, onnx, protobuf; protoc; STORE prepared by the recipe dex
from faces cut out already: --set face.detect=false)
Writes the same random weights as caffemodel, .pth (zip and legacy), safetensors and ONNX into FOLDER (3 GB), imports
each, trains two epochs from each and prints the epochs' losses."""
import json, shutil, struct, subprocess, sys
from pathlib import Path
import numpy as np, onnx, torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from onnx import TensorProto, helper, numpy_helper

agewise, store, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
here = Path(__file__).resolve().parent.parent
folder.mkdir(parents=True, exist_ok=True)

PLAN = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]
random, weights, inputs, block, place = np.random.default_rng(1), {}, 3, 1, 1
def draw(name, *shape):
    weights[name + '.weight'] = (random.standard_normal(shape) * (2 / np.prod(shape[1:])) ** .5).astype(np.float32)
    weights[name + '.bias'] = np.zeros(shape[0], np.float32)
for channels in PLAN:
    if channels == 0: block, place = block + 1, 1; continue
    draw(f'conv{block}_{place}', channels, inputs, 3, 3)
    inputs, place = channels, place + 1
draw('fc6', 4096, 25088); draw('fc7', 4096, 4096); draw('fc8-101', 101, 4096)
layers = [name[:-7] for name in weights if name.endswith('.weight')]

def caffemodel(file):
    description = folder / 'caffe.desc'
    subprocess.run(['protoc', f'--proto_path={here}', f'--descriptor_set_out={description}', here / 'agewise/weights/caffe.proto'], check=True)
    pool = descriptor_pool.DescriptorPool()
    schemas = descriptor_pb2.FileDescriptorSet.FromString(description.read_bytes()).file
    for schema in schemas: pool.Add(schema)
    Net = message_factory.GetMessageClass(pool.FindMessageTypeByName(schemas[0].package + '.NetParameter'))
    net = Net()
    for name in layers:
        layer = net.layer.add(name=name, type='Convolution' if name.startswith('conv') else 'InnerProduct')
        for part in ('.weight', '.bias'):
            blob = layer.blobs.add()
            blob.shape.dim.extend(weights[name + part].shape); blob.data.extend(weights[name + part].ravel())
    file.write_bytes(net.SerializeToString())

def pth(file, zipped):
    torch.save({name: torch.from_numpy(value) for name, value in weights.items()}, file, _use_new_zipfile_serialization=zipped)

def safetensors(file):
    header, at = {}, 0
    for name, value in weights.items():
        header[name] = {'dtype': 'F32', 'shape': value.shape, 'data_offsets': [at, at + value.nbytes]}; at += value.nbytes
    text = json.dumps(header).encode()
    with open(file, 'wb') as out:
        out.write(struct.pack('<Q', len(text)) + text)
        for value in weights.values(): out.write(value.tobytes())

def onnx_file(file):
    nodes, last, names = [], 'pixels', iter(layers)
    def add(kind, *more, **attributes):
        nonlocal last
        nodes.append(helper.make_node(kind, [last, *more], [f'x{len(nodes)}'], **attributes)); last = nodes[-1].output[0]
    for channels in PLAN:
        if channels == 0: add('MaxPool', kernel_shape=[2, 2], strides=[2, 2]); continue
        name = next(names)
        add('Conv', name + '.weight', name + '.bias', kernel_shape=[3, 3], pads=[1] * 4); add('Relu')
    add('Flatten')
    for name in names:
        add('Gemm', name + '.weight', name + '.bias', transB=1)
        if name != 'fc8-101': add('Relu')
    graph = helper.make_graph(nodes, 'vgg16', [helper.make_tensor_value_info('pixels', TensorProto.FLOAT, [1, 3, 224, 224])],
                              [helper.make_tensor_value_info(last, TensorProto.FLOAT, [1, 101])],
                              [numpy_helper.from_array(value, name) for name, value in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)]), file)

def run(*arguments): subprocess.run([agewise, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

def epochs(trained, *more):
    shutil.rmtree(trained, ignore_errors=True)
    run('train', trained, '--data', store, '--recipe', 'dex', '--set', 'train.epochs=2', '--set', 'face.detect=false', *more)
    return [json.loads(line)['train_loss'] for line in open(trained / 'log.jsonl')]

losses, control = {}, epochs(folder / 'run')
for name, write in {'vgg.caffemodel': caffemodel, 'zip.pth': lambda f: pth(f, True), 'legacy.pth': lambda f: pth(f, False),
                    'vgg.safetensors': safetensors, 'vgg.onnx': onnx_file}.items():
    file, model, trained = folder / name, folder / 'model.safetensors', folder / 'run'
    write(file)
    run('import', file, '-o', model, *([] if name.endswith('.onnx') else ['--architecture', 'dex']))
    file.unlink()
    losses[name] = epochs(trained, '--from', model)
    print(f'{name:16}', *losses[name], flush=True)
print(f'{"fresh weights":16}', *control)
shutil.rmtree(trained)
sys.exit(len({tuple(found) for found in losses.values()}) > 1 or control in losses.values())
