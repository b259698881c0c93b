#!/usr/bin/env python3
"""Classifiers as export_classifiers.py writes them: on our engine and on ONNX Runtime, trained further and written again.
check_classifiers.py ONNX_RUN FOLDER [--time SECONDS] [--only NAME]     (numpy, onnxruntime)
ONNX_RUN is build/…/onnx_run. A row a file: the largest difference of outputs as a share of the largest output; the loss
before and after ten steps of training; the same difference for the file that is written then. --time, of files whose batch is
open (export_classifiers.py --open): our processor time a picture, and that of ONNX Runtime divided by it, then the same for the time
on the clock; both on one thread, run in turn, batch 1 and 64, medians of five rounds."""
import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

ROUNDS = 5


def session_of(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, providers=['CPUExecutionProvider'])


def difference(program, file, folder, picture):
    session = session_of(file)
    expected = session.run(None, {session.get_inputs()[0].name: picture})[0].ravel()
    picture.tofile(folder / 'in')
    subprocess.run([program, file, 'run', folder / 'in', '--', folder / 'out'], check=True)
    found = np.fromfile(folder / 'out', np.float32)
    return np.abs(found - expected).max() / np.abs(expected).max()


def seconds_of_theirs(session, batch, size, seconds):
    picture = np.random.default_rng(1).standard_normal((batch, 3, size, size)).astype(np.float32)
    name, times, begin = session.get_inputs()[0].name, [], time.monotonic()
    session.run(None, {name: picture})
    while len(times) < 3 or time.monotonic() - begin < seconds:
        before = np.array([time.process_time(), time.monotonic()])
        session.run(None, {name: picture})
        times.append((np.array([time.process_time(), time.monotonic()]) - before) / batch)
    return np.median(times, axis=0)


def ratio(program, file, batch, size, seconds):
    session, ratios, ours = session_of(file), [], []
    for _ in range(ROUNDS):
        said = subprocess.run([program, file, 'time', str(batch), str(seconds)], check=True, capture_output=True, text=True).stdout
        ours.append(np.array([float(number) for number in said.split()]))
        ratios.append(seconds_of_theirs(session, batch, size, seconds) / ours[-1])
    processor, clock = np.median(ratios, axis=0)
    return f'{np.median(ours, axis=0)[0] * 1000:.1f} ms, {processor:.2f}, {clock:.2f}'


def row(arguments, file, folder):
    size = session_of(file).get_inputs()[0].shape[2]
    if arguments.time:
        return [file.name.removesuffix('.onnx'), *(ratio(arguments.program, file, batch, size, arguments.time) for batch in (1, 64))]
    picture = np.random.default_rng(2).standard_normal((1, 3, size, size)).astype(np.float32)
    cells = [file.name.removesuffix('.onnx'), f'{difference(arguments.program, file, folder, picture):.1e}']
    again = folder / 'again.onnx'
    trained = subprocess.run([arguments.program, file, 'train', '10', again], check=True, capture_output=True, text=True).stdout.split()
    cells += [f'{trained[0]} → {trained[-1]}', f'{difference(arguments.program, again, folder, picture):.1e}']
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('folder', type=Path)
    parser.add_argument('--time', type=float)
    parser.add_argument('--only', default='')
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for file in sorted(arguments.folder.glob('*.onnx')):
            if not file.name.startswith(arguments.only):
                continue
            try:
                print('| ' + ' | '.join(row(arguments, file, Path(folder))) + ' |', flush=True)
            except subprocess.CalledProcessError as error:
                failed = True
                print(f'| {file.name} | {(error.stderr or b"failed")!r:.300} |', flush=True)
    sys.exit(failed)


if __name__ == '__main__':
    main()
