#!/usr/bin/env python3
"""Makes models/detector.safetensors of YuNet's file: import_yunet.py yunet_n_320_320.onnx models/detector.safetensors
The file has its normalisations folded into the convolutions already. Arrays get the names of agewise/face/yunet_network.cpp;
the four heads of each stride (class, object, box, points) become one block of 16 channels. Needs onnx and numpy."""
import json
import struct
import sys

import numpy as np
import onnx
from onnx import numpy_helper

NOTICE = (
    "YuNet (https://github.com/opencv/opencv_zoo, models/face_detection_yunet). MIT License. Copyright (c) 2020 Shiqi Yu <shiqi.yu@gmail.com>. "
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation "
    "files (the \"Software\"), to deal in the Software without restriction, including without limitation the rights to use, copy, "
    "modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software "
    "is furnished to do so, subject to the following conditions: The above copyright notice and this permission notice shall be "
    "included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY "
    "KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND "
    "NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, "
    "WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR "
    "OTHER DEALINGS IN THE SOFTWARE.")


def convolutions(file):
    """Weights and bias of each, in the file's order, and the file's name of the weights."""
    graph = onnx.load(file).graph
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    return [(node.input[1], arrays[node.input[1]], arrays[node.input[2]]) for node in graph.node if node.op_type == "Conv"]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found = convolutions(sys.argv[1])
    if len(found) != 59:
        sys.exit(f"{sys.argv[1]}: has {len(found)} convolutions, but YuNet has 59")
    names = ["stem"]
    for block in ["stage0"] + [f"stage{stage}_{i}" for stage in range(1, 6) for i in (1, 2)] + ["lateral32", "lateral16", "lateral8",
                                                                                              "shared8", "shared16", "shared32"]:
        names += [block + ".point", block + ".depth"]
    tensors = {}
    for name, (_, weight, bias) in zip(names, found):
        tensors[name + ".weight"], tensors[name + ".bias"] = weight, bias
    by_source = {source: (weight, bias) for source, weight, bias in found}
    for level, stride in enumerate((8, 16, 32)):
        for part, layer in (("point", "conv1"), ("depth", "conv2")):
            heads = [by_source[f"bbox_head.multi_level_{head}.{level}.{layer}.weight"] for head in ("cls", "obj", "bbox", "kps")]
            tensors[f"answer{stride}.{part}.weight"] = np.concatenate([weight for weight, _ in heads])
            tensors[f"answer{stride}.{part}.bias"] = np.concatenate([bias for _, bias in heads])
    header, data = {"__metadata__": {"notice": NOTICE}}, b""
    for name, values in tensors.items():
        values = np.ascontiguousarray(values, "<f4")
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(sys.argv[2], "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


main()
