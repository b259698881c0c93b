#!/usr/bin/env python3
"""Writes weight files with the libraries whose formats they are. Array number k of a file holds numbers(k) of onnx_test.cpp's formula.
make_arrays.py DIR   (PyTorch 2.13; DIR holds caffe_pb2.py or a module that ends so, generated from Caffe's caffe.proto)"""
import glob, importlib.util, os, sys
from pathlib import Path
os.environ['PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION'] = 'python'
import numpy as np, torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'nn/golden'))
from formula import numbers

HERE = Path(__file__).parent

def tensor(key, *shape): return torch.from_numpy(numbers(key, *shape))

turned = tensor(2, 3, 5).t()  # 5 × 3, not contiguous
halves = torch.arange(6, dtype=torch.float16).reshape(2, 3) / 4
state = {'conv.weight': tensor(0, 4, 3, 3, 3), 'conv.bias': tensor(1, 4), 'fc.weight': turned, 'halves': halves, 'bfloats': halves.bfloat16(), 'doubles': halves.double(),
         'part': tensor(3, 10)[4:7], 'one': torch.tensor(2.5), 'bn.num_batches_tracked': torch.tensor(7)}
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__(); self.conv = torch.nn.Conv2d(3, 4, 3); self.bn = torch.nn.BatchNorm2d(4)
net = Net(); net.conv.weight.data = tensor(0, 4, 3, 3, 3); net.conv.bias.data = tensor(1, 4)
torch.save(state, HERE / 'zip.pth')
torch.save(state, HERE / 'legacy.pth', _use_new_zipfile_serialization=False)
torch.save({'epoch': 3, 'best': 0.5, 'state_dict': net.state_dict(), 'names': ['a', 'b']}, HERE / 'checkpoint.pth')
torch.save(dict(net.named_parameters()), HERE / 'parameters.pth', _use_new_zipfile_serialization=False)
torch.save(net, HERE / 'module.pth')  # the whole object: names its class, is refused

module = glob.glob(sys.argv[1] + '/*_pb2.py')[0]
spec = importlib.util.spec_from_file_location('caffe_pb2', module); caffe = importlib.util.module_from_spec(spec); spec.loader.exec_module(caffe)

def blob(layer, key, *shape, legacy=False):
    b = layer.blobs.add(); b.data.extend(numbers(key, *shape).ravel().tolist())
    if legacy: b.num, b.channels, b.height, b.width = (1,) * (4 - len(shape)) + shape
    else: b.shape.dim.extend(shape)

new = caffe.NetParameter(name='new'); layer = new.layer.add(name='data', type='Input')
layer = new.layer.add(name='conv', type='Convolution'); blob(layer, 0, 4, 3, 3, 3); blob(layer, 1, 4)
layer = new.layer.add(name='fc', type='InnerProduct'); blob(layer, 2, 5, 16); blob(layer, 3, 5)
(HERE / 'new.caffemodel').write_bytes(new.SerializeToString())
old = caffe.NetParameter(name='old'); layer = old.layers.add(name='relu', type=caffe.V1LayerParameter.RELU)
layer = old.layers.add(name='conv', type=caffe.V1LayerParameter.CONVOLUTION, blobs_lr=[1, 2]); blob(layer, 0, 4, 3, 3, 3, legacy=True); blob(layer, 1, 4, legacy=True)
layer = old.layers.add(name='fc', type=caffe.V1LayerParameter.INNER_PRODUCT); blob(layer, 2, 5, 16, legacy=True); blob(layer, 3, 5, legacy=True)
(HERE / 'old.caffemodel').write_bytes(old.SerializeToString())
