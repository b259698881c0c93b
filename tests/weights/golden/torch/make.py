#!/usr/bin/env python3
"""Writes small networks of torchvision's and timm's own blocks as both of PyTorch's exporters write them, and outputs.txt: what
ONNX Runtime computes for them. make.py   (torch 2.15, torchvision 0.29, timm 1.0, onnxscript 0.7, onnxruntime 1.32, safetensors 0.8)
NAME.default.onnx is torch.onnx.export() as it is but for external_data, which only mobilenet_v3 keeps (its arrays are in
mobilenet_v3.default.onnx.data), and for the notes of where each node stood in Python, which are taken out: they are most of
such a file, and name folders. NAME.legacy.onnx is dynamo=False. DYNAMIC leave the batch open, which makes the exporters
compute shapes. A line of outputs.txt is as in ../onnx.txt; the input is numbers(300) * FACTOR.
arrays.*: one network's weights as safetensors with counters, and with the last layer as 64-bit floats; as a checkpoint that
holds them within dictionaries; and as those that DataParallel and torch.compile() leave. arrays.txt is what it computes."""
import itertools
import sys
import tempfile
import warnings
from collections import OrderedDict
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import timm.models.efficientnet as effnet
import timm.models.ghostnet as ghostnet
import torch
import torchvision.models as tv
from safetensors.torch import save_file
from timm.models._efficientnet_builder import decode_arch_def
from timm.models.byobnet import MobileOneBlock
from timm.models.convnext import ConvNeXt
from torch import nn
from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3
from torchvision.models.regnet import BlockParams, RegNet
from torchvision.models.squeezenet import Fire

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'nn/golden'))
from formula import numbers

HERE = Path(__file__).parent
SIZE, CLASSES, FACTOR = 32, 5, 4
DYNAMIC = ('shufflenet_v2', 'regnet_y', 'convnext', 'shapes')


class Shapes(nn.Module):
    """Reshaping by sizes that are asked for, as people write it."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 12, 3, 2), nn.Linear(12, CLASSES)

    def forward(self, x):
        x = self.stem(x)
        n, c, h, w = x.size()
        x = x.view(n, 3, c // 3, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)
        a, b = x[:, :x.shape[1] // 2], x[:, x.shape[1] // 2:]
        x = torch.cat((b * torch.sigmoid(b), a), dim=1)
        x = x.reshape(x.shape[0], x.shape[1], x.shape[2] * x.shape[3]).mean(dim=2)
        return self.head(x.view(x.size(0), -1))


def squeezenet():
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(8, 4, 8, 8),
                         nn.MaxPool2d(3, 2, ceil_mode=True), Fire(16, 4, 8, 8), nn.Dropout(), nn.Conv2d(16, CLASSES, 1),
                         nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(1))


def efficientnet(blocks, act):
    return effnet.EfficientNet(decode_arch_def(blocks), num_classes=CLASSES, num_features=16, stem_size=8, fix_stem=True,
                               act_layer=act, norm_layer=nn.BatchNorm2d)


def mobilenet_v3():
    block = partial(InvertedResidualConfig, dilation=1, width_mult=1)
    return MobileNetV3([block(8, 3, 16, 8, True, 'RE', 2), block(8, 5, 16, 8, True, 'HS', 1), block(8, 3, 16, 8, False, 'HS', 2)],
                       last_channel=16, num_classes=CLASSES)


def shufflenet_v2():
    model = tv.ShuffleNetV2([2, 1, 1], [8, 16, 16, 16, 16], num_classes=CLASSES)
    model.stage3 = model.stage4 = nn.Identity()
    return model


def convnext():
    model = ConvNeXt(depths=(1, 1, 1, 1), dims=(4, 8, 8, 8), num_classes=CLASSES, ls_init_value=0.5)
    model.stages = model.stages[:2]
    return model


def tail(channels):
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(channels, CLASSES)


NETWORKS = {
    'mobilenet_v3': mobilenet_v3,
    'efficientnet_lite': lambda: efficientnet([['ds_r1_k3_s1_e1_c8'], ['ir_r2_k3_s2_e2_c8'], ['ir_r1_k5_s2_e2_c16']], nn.ReLU6),
    'efficientnet': lambda: efficientnet([['ir_r2_k3_s2_e2_c8_se0.25']], nn.SiLU),
    'shufflenet_v2': shufflenet_v2,
    'regnet_y': lambda: RegNet(BlockParams([1], [16], [8], [1.0], [2], 0.25), num_classes=CLASSES, stem_width=8),
    'convnext': convnext,
    'ghostnet': lambda: nn.Sequential(ghostnet.ConvBnAct(3, 8, 3, 2), ghostnet.GhostBottleneck(8, 16, 8, 3, 1),
                                      ghostnet.GhostBottleneck(8, 24, 12, 5, 2, se_ratio=0.25), *tail(12)),
    'mobileone': lambda: nn.Sequential(MobileOneBlock(3, 8, 3, 2, num_conv_branches=2), MobileOneBlock(8, 8, 3, 1, group_size=1, num_conv_branches=2),
                                       MobileOneBlock(8, 8, 1, 1, num_conv_branches=2), *tail(8)),
    'squeezenet': squeezenet,
    'shapes': Shapes,
}


def prepared(model):
    """Running statistics and factors are random: networks fresh from their constructors would not show whether they are
    read, nor reach the bounds of ReLU6 and hard swish."""
    model.eval()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
            nn.init.uniform_(module.weight, 1, 4)
            nn.init.uniform_(module.bias, -1, 1)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.3)
    return model


def export(name, way, model, picture):
    file = HERE / f'{name}.{way}.onnx'
    options = {'external_data': name == 'mobilenet_v3'} if way == 'default' else {'dynamo': False}
    if name in DYNAMIC and way == 'default':
        options['dynamic_shapes'] = ({0: torch.export.Dim('batch')},)
    if name in DYNAMIC and way == 'legacy':
        options['dynamic_axes'] = {'input': {0: 'batch'}, 'output': {0: 'batch'}}
    torch.onnx.export(model, (picture,), str(file), verbose=False, input_names=['input'], output_names=['output'], **options)
    without_folders(file)
    return file


def without_folders(file):
    network = onnx.load(file, load_external_data=False)
    for node in network.graph.node:
        kept = [note for note in node.metadata_props if note.key != 'pkg.torch.onnx.stack_trace']
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    file.write_bytes(network.SerializeToString())


def say(file, picture, model, out):
    session = onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])
    values = session.run(None, {session.get_inputs()[0].name: picture.numpy()})[0].ravel()
    theirs = model(picture).detach().numpy().ravel()
    assert np.abs(values - theirs).max() < 1e-5 * np.abs(theirs).max(), (file, values, theirs)
    print(file.name, '-', FACTOR, 0, 1, file=out)
    print('output', len(values), 1, *('%.9g' % v for v in values), file=out)


def small():
    """tests/estimate/import_test.cpp has it as a recipe."""
    layers = {'conv': nn.Conv2d(3, 4, 3), 'bn': nn.BatchNorm2d(4), 'relu': nn.ReLU(), 'flat': nn.Flatten(1), 'fc': nn.Linear(4 * 36, CLASSES)}
    return nn.Sequential(OrderedDict(layers))


def write_arrays():
    model = prepared(small())
    state = model.state_dict()
    wide = {name: value.double() if name.startswith('fc') else value for name, value in state.items()}
    save_file(wide, HERE / 'arrays.safetensors')
    (HERE / 'arrays.safetensors').chmod(0o644)
    optimiser = torch.optim.Adam(model.parameters()).state_dict()
    torch.save({'epoch': 3, 'trained': {'net': state, 'optimizer': optimiser}}, HERE / 'arrays.nested.pth')
    torch.save({'state_dict': {'module._orig_mod.' + name: value for name, value in state.items()}, 'epoch': 3}, HERE / 'arrays.wrapped.pth')
    picture = torch.from_numpy(numbers(300, 3 * 64).reshape(1, 3, 8, 8) * np.float32(FACTOR))
    with tempfile.TemporaryDirectory() as folder, open(HERE / 'arrays.txt', 'w') as out:
        file = Path(folder) / 'arrays'
        torch.onnx.export(model, (picture,), str(file), dynamo=False, verbose=False, input_names=['input'], output_names=['output'])
        say(file, picture, model, out)


def main():
    warnings.filterwarnings('ignore')
    with open(HERE / 'outputs.txt', 'w') as out:
        for name, way in itertools.product(NETWORKS, ('default', 'legacy')):
            torch.manual_seed(1)
            model, batch = prepared(NETWORKS[name]()), 2 if name in DYNAMIC else 1
            picture = torch.from_numpy(numbers(300, batch * 3 * SIZE * SIZE).reshape(batch, 3, SIZE, SIZE) * np.float32(FACTOR))
            say(export(name, way, model, picture), picture, model, out)
    write_arrays()


if __name__ == '__main__':
    main()
