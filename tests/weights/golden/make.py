#!/usr/bin/env python3
"""Makes python.safetensors with the format's own package: pip install safetensors numpy ml_dtypes (made with 0.8.0)."""
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

save_file(
    {
        "conv1.weight": np.arange(12, dtype=np.float32).reshape(2, 1, 2, 3) / 4,
        "scalar": np.array(7.5, np.float32),
        "nothing": np.zeros((0, 3), np.float32),
        "halves": np.array([0.0, -0.0, 1.0, -2.5, 65504.0, 2**-24, 2**-14, np.inf], np.float16),
        "bfloats": np.array([1.0, -2.5, 3.140625, 2**-126], ml_dtypes.bfloat16),
    },
    Path(__file__).with_name("python.safetensors"),
    {"format": "pt", "Grüße": '日本\n"x"'},
)
