"""The model that agewise takes where none is named: for non-commercial research only (compact-notes.txt)."""

import os

path = os.path.join(os.path.dirname(__file__), "compact.safetensors")
