#!/usr/bin/env python3
"""Classifiers as export_classifiers.py writes them, trained on faces for ten steps with the commands that a user types.
retrain_classifiers.py AGEWISE FOLDER STORE PICTURES [--only NAME]     (numpy, onnxruntime)
FOLDER holds the files; STORE faces of their size, with 10 to 200 of them for training; PICTURES is a folder or an archive of
pictures that both programs are shown. Of each file: agewise import, recipe, train --from (one epoch of ten steps, a class a
year from 0 to 100), export; then the exported network on ONNX Runtime beside agewise predict. A row a file: how far the ten
steps moved an age on average, in years, and the largest difference of a class's probability between the two programs. Exits
with 1 if one is above 1e-4 or no age moved."""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

STEPS, LARGEST_DIFFERENCE = 10, 1e-4
PIXELS = '--mean=123.675,116.28,103.53', '--scale=0.017352'  # as both packages' weights are trained


def batch_for(faces):
    """The batch that makes an epoch of so many faces ten steps."""
    for batch in range(1, faces + 1):
        if -(-faces // batch) == STEPS:
            return batch
    sys.exit(f'{faces} training faces are too few for ten batches: prepare a store with about 80')


def probabilities(program, model, pictures, inputs):
    """Of each picture by agewise, and the pixels that the network was shown."""
    said = subprocess.run([program, '--kernels', 'default', 'predict', '--model', model, '--crops', '--json', '--distribution',
                           '--inputs', inputs, '--force', pictures], check=True, capture_output=True).stdout
    classes = [[each['probability'] for each in face['distribution']] for face in json.loads(said) if 'distribution' in face]
    return np.array(classes), np.fromfile(inputs, np.uint8)


def probabilities_of_onnx(file, pixels):
    session = onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])
    faces = pixels.reshape(-1, *session.get_inputs()[0].shape[1:]).astype(np.float32)
    return np.concatenate([session.run(None, {'pixels': face[None]})[0] for face in faces])


def row(arguments, file, folder, batch):
    def agewise(*words):
        return subprocess.run([arguments.program, *words], check=True, capture_output=True, text=True).stdout

    model, recipe, run, again = (folder / name for name in ('start.safetensors', 'mine.toml', 'run', 'again.onnx'))
    agewise('import', file, '-o', model, *PIXELS)
    recipe.write_text(agewise('recipe', model))
    agewise('train', run, '--data', arguments.store, '--recipe', recipe, '--from', model, '--set', 'train.epochs=1',
            '--set', f'train.batch={batch}', '--set', 'classes.years=101', '--set', 'face.detect=false')
    agewise('export', run, '-o', again)
    before, _ = probabilities(arguments.program, model, arguments.pictures, folder / 'inputs')
    after, pixels = probabilities(arguments.program, run, arguments.pictures, folder / 'inputs')
    years = np.arange(after.shape[1])
    return np.abs(after @ years - before @ years).mean(), np.abs(after - probabilities_of_onnx(again, pixels)).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('folder', type=Path)
    parser.add_argument('store')
    parser.add_argument('pictures')
    parser.add_argument('--only', default='')
    arguments = parser.parse_args()
    described = json.loads(subprocess.run([arguments.program, 'info', '--json', arguments.store], check=True, capture_output=True).stdout)
    batch, failed = batch_for(described['part']['train']), False
    for file in sorted(arguments.folder.glob(f'{arguments.only}*.onnx')):
        with tempfile.TemporaryDirectory() as folder:
            try:
                moved, apart = row(arguments, file, Path(folder), batch)
                failed |= not (apart <= LARGEST_DIFFERENCE and moved > 0)
                print(f'| {file.stem} | {moved:.2f} | {apart:.1e} |', flush=True)
            except subprocess.CalledProcessError as error:
                failed = True
                print(f'| {file.stem} | {error.stderr[-300:]!r} |', flush=True)
    sys.exit(failed)


if __name__ == '__main__':
    main()
