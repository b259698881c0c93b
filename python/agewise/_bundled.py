"""The model that is taken where none is named."""

from __future__ import annotations


def bundled_model() -> str:
    """That of the package agewise-model-compact; "" where it is not installed: then the library looks where it was
    installed itself, and says what to do if it finds none."""
    try:
        import agewise_model_compact  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return ""
    return str(agewise_model_compact.path)
