#!/usr/bin/env python3
"""Small image classifiers of torchvision and timm with random weights as ONNX files, by both of PyTorch's exporters.
export_classifiers.py FOLDER [--size 224] [--classes 101] [--only NAME] [--open]     (torch, torchvision, timm, onnxscript)
--open: only FOLDER/NAME.legacy.onnx, with a batch of any length. Without it:
Writes FOLDER/NAME.dynamo.onnx (torch.onnx.export as it is by default, weights beside it where it puts them there) and
FOLDER/NAME.legacy.onnx (dynamo=False). Running statistics are those of noise, varied at random: a network fresh from its
constructor would not show whether they are read, and statistics that do not fit its weights let activations explode."""
import argparse
import warnings
from pathlib import Path

import timm
import torch
import torchvision.models as tv

CLASSIFIERS = {
    'mobilenet_v3_large': lambda **o: tv.mobilenet_v3_large(weights=None, **o),
    'efficientnet_lite0': lambda **o: timm.create_model('efficientnet_lite0', pretrained=False, **o),
    'resnet18': lambda **o: tv.resnet18(weights=None, **o),
    'squeezenet1_1': lambda **o: tv.squeezenet1_1(weights=None, **o),
    'shufflenet_v2_x1_0': lambda **o: tv.shufflenet_v2_x1_0(weights=None, **o),
    'regnet_y_400mf': lambda **o: tv.regnet_y_400mf(weights=None, **o),
    'mnasnet1_0': lambda **o: tv.mnasnet1_0(weights=None, **o),
    'mobileone_s0': lambda **o: timm.create_model('mobileone_s0', pretrained=False, **o),
    'convnext_atto': lambda **o: timm.create_model('convnext_atto', pretrained=False, **o),
    'ghostnet_100': lambda **o: timm.create_model('ghostnet_100', pretrained=False, **o),
}


def made(name, classes, size):
    torch.manual_seed(1)
    model = CLASSIFIERS[name](num_classes=classes)
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1  # the statistics become those of the next batch
    with torch.no_grad():
        model.train()(torch.randn(8, 3, size, size))
    for norm in norms:
        norm.running_mean += 0.1 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
        norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.8, 1.2)
    return model.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--size', type=int, default=224)
    parser.add_argument('--classes', type=int, default=101)
    parser.add_argument('--only', choices=CLASSIFIERS)
    parser.add_argument('--open', action='store_true')
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings('ignore')
    for name in [arguments.only] if arguments.only else CLASSIFIERS:
        model, picture = made(name, arguments.classes, arguments.size), torch.zeros(1, 3, arguments.size, arguments.size)
        for way in ('legacy',) if arguments.open else ('dynamo', 'legacy'):
            options = {} if way == 'dynamo' else {'dynamo': False}
            if arguments.open:
                options['dynamic_axes'] = {'input': {0: 'batch'}, 'output': {0: 'batch'}}
            torch.onnx.export(model, (picture,), str(arguments.folder / f'{name}.{way}.onnx'), verbose=False,
                              input_names=['input'], output_names=['output'], **options)
            print(name, way, flush=True)


if __name__ == '__main__':
    main()
