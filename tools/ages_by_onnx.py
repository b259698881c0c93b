#!/usr/bin/env python3
"""The ages of an exported model by ONNX Runtime, beside agewise's own. ages_by_onnx.py MODEL.onnx FACES.json
(onnxruntime, numpy, Pillow; `agewise export MODEL -o MODEL.onnx`, `agewise predict --json PICTURES > FACES.json`)
Of agewise's only the faces' places are used: box, and angle by which the face lies turned in the picture."""
import json, sys
import numpy as np, onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])
notes, shape = session.get_modelmeta().custom_metadata_map, session.get_inputs()[0].shape
size, view, margin = int(notes['face_size']), int(notes['face_view']), float(notes['face_margin'])
years, edges = json.loads(notes['class_years']), json.loads(notes['class_edges'])

def cut(file, box, angle):
    """The face upright with its margin, size x size: what lies outside the picture repeats its border."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    edge = int(max(wide, high) * (1 + 2 * margin))
    picture = ImageOps.exif_transpose(Image.open(file)).convert('L' if shape[1] == 1 else 'RGB')
    pixels = np.pad(np.asarray(picture), [(edge, edge), (edge, edge), (0, 0)][:2 if shape[1] == 1 else 3], mode='edge')
    middle = (edge + (left + right) / 2, edge + (top + bottom) / 2)
    upright = Image.fromarray(pixels).rotate(angle, Image.BILINEAR, center=middle)
    corners = [left + 1 - margin * wide, top + 1 - margin * high, right + margin * wide, bottom + margin * high]
    left, top, right, bottom = np.floor(np.array(corners) + 0.5) - (1, 1, 0, 0) + edge
    return upright.crop((left, top, right, bottom)).resize((size, size), Image.BILINEAR)

def age(face):
    """Of the mean of what the members of an ensemble say, of the face and where the model asks for it of its mirror image."""
    edge = (size - view) // 2
    seen = face.transform((shape[3], shape[2]), Image.EXTENT, (edge, edge, edge + view, edge + view), Image.BILINEAR)
    pixels = np.asarray(seen, np.float32)
    pixels = pixels[None] if shape[1] == 1 else pixels.transpose(2, 0, 1)
    if notes['channels'] == 'BGR': pixels = pixels[::-1]
    looks = [pixels, pixels[:, :, ::-1]] if notes['mirror_test'] == 'true' else [pixels]
    outputs = [output[0] for look in looks for output in session.run(None, {'pixels': look[None].copy()})]
    if session.get_outputs()[0].name == 'age': return np.mean(outputs)
    mean = np.mean(outputs, axis=0)
    if notes['prediction'] == 'argmax': return years[mean.argmax()]
    return mean @ years if notes['prediction'] == 'expected value' else median(mean)

def median(probabilities):
    """The age below which half of the distribution lies, spread evenly within each class."""
    return np.interp(0.5, np.cumsum([0, *probabilities]), [edges[0] - 1, *edges, edges[-1] + 1])

differences = []
for face in json.load(open(sys.argv[2])):
    if face.get('box') is None or face.get('age') is None: continue  # no face found, or refused as too small or blurred
    differences.append(age(cut(face['file'], face['box'], face['angle'])) - face['age'])
    print(f"{face['age'] + differences[-1]:6.1f} by ONNX Runtime, {face['age']:6.1f} by agewise  {face['file']}")
if not differences: sys.exit(f'{sys.argv[2]}: holds no face with its place and age')
print(f'{len(differences)} faces: {np.abs(differences).mean():.3f} years apart on average, {np.abs(differences).max():.3f} at most')
