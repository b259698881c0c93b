#!/usr/bin/env python3
"""Whether ONNX Runtime makes of an exported model what agewise makes of the model: the largest difference of a probability.
check_onnx.py AGEWISE MODEL PICTURE...   (onnxruntime, numpy, Pillow; pictures of the model's own size, so that nothing is resized)"""
import json, subprocess, sys, tempfile
from pathlib import Path
import numpy as np, onnxruntime
from PIL import Image

agewise, model, pictures = sys.argv[1], sys.argv[2], sys.argv[3:]
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / 'model.onnx'
    subprocess.run([agewise, 'export', model, '-o', file], check=True)
    session = onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])
shape = session.get_inputs()[0].shape
notes = session.get_modelmeta().custom_metadata_map
years, worst = np.array(json.loads(notes['class_years'])), 0
ours = json.loads(subprocess.run([agewise, 'predict', '--model', model, '--json', '--distribution', *pictures], check=True, capture_output=True).stdout)
for picture, mine in zip(pictures, ours):
    image = Image.open(picture).convert('L' if shape[1] == 1 else 'RGB')
    if image.size != (shape[3], shape[2]): sys.exit(f'{picture}: has the size {image.size}, but the model takes {shape[3]} x {shape[2]}')
    pixels = np.asarray(image, np.float32).reshape(shape[2], shape[3], shape[1]).transpose(2, 0, 1)
    if notes['channels'] == 'BGR': pixels = pixels[::-1]
    looks = [pixels, pixels[:, :, ::-1]] if notes['flip'] == 'true' else [pixels]
    result = np.mean([output[0] for look in looks for output in session.run(None, {'pixels': look[None].copy()})], axis=0)
    if session.get_outputs()[0].name == 'age':
        worst = max(worst, abs(result[0] - mine['age'])); continue
    worst = max(worst, max(abs(p - d['probability']) for p, d in zip(result, mine['distribution'])))
print(f'{len(pictures)} pictures: largest difference {worst:.2g}')
sys.exit(worst > 1e-4)
