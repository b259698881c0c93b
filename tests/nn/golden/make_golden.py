#!/usr/bin/env python3
"""Writes golden.txt: what PyTorch computes for networks whose inputs and weights are made by a formula that the tests repeat.
make_golden.py DIR-OF-nets.py > golden.txt   (PyTorch 2.13; DIR holds the three networks of the speed comparison)
Each line: name, count, values."""
import sys
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
sys.path.insert(0, sys.argv[1])
from formula import numbers
from nets import Seed, ResNet10
torch.manual_seed(0); torch.set_num_threads(1)

def fill(model):
    """Weights in the order of the project's parameters: by layer weight, bias, running_mean, running_var."""
    key = 0
    for m in model.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            fan_in = m.weight[0].numel()
            parts = [(m.weight, 3 / fan_in ** .5, 0)] + ([(m.bias, .2, 0)] if m.bias is not None else [])
        elif isinstance(m, nn.BatchNorm2d):
            parts = [(m.weight, .5, 1), (m.bias, .2, 0), (m.running_mean, .2, 0), (m.running_var, .5, 1)]
        else: continue
        for p, scale, offset in parts:
            p.data = torch.from_numpy(numbers(key, p.numel()) * np.float32(scale) + np.float32(offset)).reshape(p.shape); key += 1

def say(name, values):
    v = np.asarray(values, np.float64).ravel(); print(name, len(v), *('%.9g' % x for x in v))

def without_dropout(x, p, training): return x
F.dropout = without_dropout

def network(name, model, shape, classes, step):
    fill(model); x = torch.from_numpy(numbers(1000, 4 * int(np.prod(shape)))).reshape(4, *shape) * 2
    model.eval(); say(name + '.infer', model(x).detach())
    model.train(); out = model(x); say(name + '.train', out.detach())
    y = torch.arange(4) % classes; loss = F.cross_entropy(out, y); say(name + '.loss', [loss.item()])
    optimiser = step(model.parameters()); optimiser.zero_grad(); loss.backward(); optimiser.step()
    for n, p in list(model.named_parameters()) + [b for b in model.named_buffers() if 'num_batches' not in b[0]]:
        v = p.detach().numpy().ravel(); say(f'{name}.after.{n}', v[::max(1, len(v) // 7)])

network('seed', Seed(4), (1, 128, 128), 4, lambda p: torch.optim.RMSprop(p, 1e-3, .9))
network('resnet10', ResNet10(101), (3, 64, 64), 101, lambda p: torch.optim.SGD(p, 1e-2, .9, weight_decay=5e-4))

def optimiser(name, make):
    w = nn.Parameter(torch.from_numpy(numbers(7, 6))); o = make([w])
    for step in range(5): w.grad = torch.from_numpy(numbers(100 + step, 6)); o.step()
    say(name, w.detach())
optimiser('rmsprop', lambda p: torch.optim.RMSprop(p, 1e-2, .9, eps=.01, weight_decay=.01))
optimiser('sgd', lambda p: torch.optim.SGD(p, 1e-2, .9, weight_decay=.01))
optimiser('adamw', lambda p: torch.optim.AdamW(p, 1e-2, (.9, .999), .01, .01))

def layer(name, module, shape):
    """A layer's output and the gradients of its parameters, where the output's gradient is numbers(2)."""
    fill(module); x = torch.from_numpy(numbers(1, 2 * int(np.prod(shape)))).reshape(2, *shape)
    y = module(x); say(name + '.out', y.detach())
    if y.requires_grad: y.backward(torch.from_numpy(numbers(2, y.numel())).reshape(y.shape))
    for n, p in module.named_parameters(): say(f'{name}.{n}_gradient', p.grad)
layer('grouped', nn.Sequential(nn.Conv2d(4, 6, 3, 2, 1, groups=2)), (4, 5, 7))
layer('uneven', nn.Sequential(nn.Conv2d(3, 5, (1, 3), 1, 0, bias=False)), (3, 4, 6))
layer('batchnorm', nn.Sequential(nn.BatchNorm2d(3)), (3, 4, 5))
layer('maxpool', nn.Sequential(nn.MaxPool2d(3, 2, 1)), (2, 7, 6))
layer('averagepool', nn.Sequential(nn.AvgPool2d(2, 2)), (2, 7, 6))
layer('softmax', nn.Sequential(nn.Softmax(1)), (5, 2, 2))
