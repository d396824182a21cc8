"""What a test may need of the system that runs it, tried once."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest


def _makes_links() -> bool:
    """Windows asks for a privilege, and wine makes none and says so to nobody."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, "link")
        try:
            link.symlink_to("nowhere")
        except OSError:
            return False
        return link.is_symlink()


needs_links = pytest.mark.skipif(not _makes_links(), reason="no symbolic links are made here")
