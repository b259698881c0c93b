#!/usr/bin/env python3
"""The ages of an exported model by ONNX Runtime, beside agewise's own. ages_by_onnx.py MODEL.onnx FACES.json INPUTS
(onnxruntime, numpy; `agewise export MODEL -o MODEL.onnx`, `agewise predict --model MODEL --json --inputs INPUTS PICTURES > FACES.json`)
INPUTS holds what the network is shown of each face whose age is told: nothing that comes before the network is done here."""
import json, sys
import numpy as np, onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])
notes, shape = session.get_modelmeta().custom_metadata_map, session.get_inputs()[0].shape
years, edges = json.loads(notes['class_years']), json.loads(notes['class_edges'])

def age(pixels):
    """Of the mean of what the members of an ensemble say, of the face and where the model asks for it of its mirror image."""
    looks = [pixels, pixels[:, :, ::-1]] if notes['flip'] == 'true' else [pixels]
    outputs = [output[0] for look in looks for output in session.run(None, {'pixels': look[None].astype(np.float32)})]
    if session.get_outputs()[0].name == 'age': return np.mean(outputs)
    mean = np.mean(outputs, axis=0)
    if notes['point_estimate'] == 'argmax': return years[mean.argmax()]
    return mean @ years if notes['point_estimate'] == 'expected-value' else median(mean)

def median(probabilities):
    """The age below which half of the distribution lies, spread evenly within each class."""
    return np.interp(0.5, np.cumsum([0, *probabilities]), [edges[0] - 1, *edges, edges[-1] + 1])

faces = [face for face in json.load(open(sys.argv[2])) if face.get('age') is not None]
inputs = np.fromfile(sys.argv[3], np.uint8).reshape(-1, *shape[1:])
if not faces: sys.exit(f'{sys.argv[2]}: has no face with an age')
if len(inputs) != len(faces): sys.exit(f'{sys.argv[3]}: holds {len(inputs)} faces, but {sys.argv[2]} has {len(faces)}: they are not from the same run')
differences = []
for face, pixels in zip(faces, inputs):
    differences.append(age(pixels) - face['age'])
    print(f"{face['age'] + differences[-1]:6.1f} by ONNX Runtime, {face['age']:6.1f} by agewise  {face['file']}")
print(f'{len(differences)} faces: {np.abs(differences).mean():.2g} years apart on average, {np.abs(differences).max():.2g} at most')
