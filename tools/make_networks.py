#!/usr/bin/env python3
"""Writes two of recipes/networks/*.toml, mobilenet_v3_large and efficientnet_lite0, layer by layer.
make_networks.py FOLDER
Layers are called as torchvision's and timm's modules, so that their weights are found by their names."""
import sys
from pathlib import Path


class Network:
    def __init__(self, epsilon, momentum):
        self.lines, self.norm, self.last, self.channels, self.unnamed = [], (epsilon, momentum), None, 3, 0

    def add(self, kind, name=None, start=None, **options):
        """A layer that reads the one before it, or `start`. Returns its name."""
        if name is None:
            self.unnamed += 1
            name = f'{kind}_{self.unnamed}'
        reads = [start] if isinstance(start, str) else start
        parts = [f'kind = "{kind}"', f'name = "{name}"']
        if reads is not None:
            parts.append('from = [' + ', '.join(f'"{r}"' for r in reads) + ']')
        for key, value in options.items():
            text = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
            parts.append(f'{key} = {text}')
        self.lines.append('  {' + ', '.join(parts) + '},')
        self.last = name
        return name

    def conv(self, name, channels, kernel=1, stride=1, groups=1, bias=False):
        self.add('convolution', name, channels=channels, kernel=kernel, stride=stride, pad=kernel // 2, groups=groups, bias=bias)
        self.channels = channels

    def norm_and(self, name, activation):
        self.add('batch-norm', name, epsilon=self.norm[0], momentum=self.norm[1])
        if activation:
            self.add(activation)

    def head(self, hidden, activation, name):
        self.add('global-average-pool')
        if hidden:
            self.add('fully-connected', hidden[0], outputs=hidden[1])
            self.add(activation)
        self.add('dropout', rate=0.2)
        self.add('fully-connected', name, outputs='classes')

    def text(self, title):
        return f'# {title} Made by tools/make_networks.py.\n[network]\nlayers = [\n' + '\n'.join(self.lines) + '\n]\n'


def eighths(number):
    """torchvision's _make_divisible(number, 8)."""
    rounded = max(8, int(number + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * number else rounded


def mobilenet_v3_large():
    net = Network(0.001, 0.99)
    net.conv('features.0.0', 16, 3, 2)
    net.norm_and('features.0.1', 'hard-swish')
    blocks = [(3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1),
              (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
              (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1), (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1), (5, 960, 160, 1, 1, 1)]
    for i, (kernel, wide, out, gate, swish, stride) in enumerate(blocks, 1):
        start, before, part = net.last, net.channels, iter(range(4))
        activation = 'hard-swish' if swish else 'relu'
        at = lambda: f'features.{i}.block.{next(part)}'
        if wide != before:
            name = at()
            net.conv(name + '.0', wide)
            net.norm_and(name + '.1', activation)
        name = at()
        net.conv(name + '.0', wide, kernel, stride, wide)
        net.norm_and(name + '.1', activation)
        if gate:
            name, whole = at(), net.last
            net.add('global-average-pool')
            net.conv(name + '.fc1', eighths(wide // 4), bias=True)
            net.add('relu')
            net.conv(name + '.fc2', wide, bias=True)
            net.add('multiply', start=[whole, net.add('hard-sigmoid')])
        name = at()
        net.conv(name + '.0', out)
        net.norm_and(name + '.1', None)
        if stride == 1 and out == before:
            net.add('add', start=[start, net.last])
    net.conv('features.16.0', 960)
    net.norm_and('features.16.1', 'hard-swish')
    net.head(('classifier.0', 1280), 'hard-swish', 'classifier.3')
    return net.text("MobileNetV3-Large (Howard et al., ICCV 2019), as torchvision's mobilenet_v3_large.")


def efficientnet_lite0():
    net = Network(0.00001, 0.9)
    net.conv('conv_stem', 32, 3, 2)
    net.norm_and('bn1', 'clip')
    stages = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]
    for stage, (count, kernel, first_stride, factor, out) in enumerate(stages):
        for number in range(count):
            start, before, stride, name = net.last, net.channels, first_stride if number == 0 else 1, f'blocks.{stage}.{number}.'
            wide = before * factor
            if factor > 1:
                net.conv(name + 'conv_pw', wide)
                net.norm_and(name + 'bn1', 'clip')
            net.conv(name + 'conv_dw', wide, kernel, stride, wide)
            net.norm_and(name + ('bn2' if factor > 1 else 'bn1'), 'clip')
            net.conv(name + ('conv_pwl' if factor > 1 else 'conv_pw'), out)
            net.norm_and(name + ('bn3' if factor > 1 else 'bn2'), None)
            if stride == 1 and out == before:
                net.add('add', start=[start, net.last])
    net.conv('conv_head', 1280)
    net.norm_and('bn2', 'clip')
    net.head(None, None, 'classifier')
    return net.text("EfficientNet-Lite0 (Tan and Le, ICML 2019, without gates and with ReLU6), as timm's efficientnet_lite0.")


if __name__ == '__main__':
    folder = Path(sys.argv[1])
    (folder / 'mobilenet_v3_large.toml').write_text(mobilenet_v3_large())
    (folder / 'efficientnet_lite0.toml').write_text(efficientnet_lite0())
