#!/usr/bin/env python3
"""Writes checkpoints as training scripts save them: make_checkpoints.py   (PyTorch 2.15, numpy)
In each conv.weight is numbers(0) of onnx_test.cpp's formula, 4 × 3 × 3 × 3, conv.bias numbers(1), 4, under the names that the
script gives them; whatever else is in the file must not be taken for them."""
import argparse
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'nn/golden'))
from formula import numbers

HERE = Path(__file__).parent


def tensor(key, *shape):
    return torch.from_numpy(numbers(key, *shape))


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x)


def net():
    made = Net()
    made.conv.weight.data, made.conv.bias.data = tensor(0, 4, 3, 3, 3), tensor(1, 4)
    return made


def average(model):
    return {name: value + 1 for name, value in model.state_dict().items()}


model = net()
optimiser = torch.optim.Adam(model.parameters())
model(torch.ones(1, 3, 4, 4)).sum().backward()
optimiser.zero_grad()
model(torch.ones(1, 3, 4, 4)).sum().backward()
state = optimiser.state_dict()
optimiser.step()
state = optimiser.state_dict()
model = net()
options = argparse.Namespace(lr=0.1, arch='net')
torch.save({'checkpoint': {'epoch': 1, 'net': model.state_dict(), 'optimizer': state}}, HERE / 'nested.pth')
torch.save({'state_dict_ema': average(model), 'state_dict': torch.nn.DataParallel(model).state_dict(), 'optimizer': state,
            'best_acc1': torch.tensor(3.5)}, HERE / 'parallel.pth')
torch.save({'model': {'_orig_mod.' + k: v for k, v in model.state_dict().items()}, 'args': options,
            'device': torch.device('cpu'), 'when': np.float64(3), 'dtype': torch.float32}, HERE / 'objects.pth')
torch.save(model.state_dict(), HERE / 'protocol4.pth', pickle_protocol=4)
torch.save({'hyper_parameters': options, 'state_dict': model.state_dict()}, HERE / 'legacy5.pth', pickle_protocol=5,
           _use_new_zipfile_serialization=False)
torch.jit.save(torch.jit.script(model), str(HERE / 'torchscript.pt'))
