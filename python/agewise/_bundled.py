"""The model that is used if none is named."""

from __future__ import annotations


def bundled_model() -> str:
    """Path of the model in the package agewise-model-compact; "" if that is not installed: the library then looks in
    the folder where it is installed itself, and its error says what to do if there is none."""
    try:
        import agewise_model_compact  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return ""
    return str(agewise_model_compact.path)
