"""What a test asks of the installed Dash."""

import dash
import pytest

DASH = tuple(int(part) for part in dash.__version__.split(".")[:2])


def needs_dash(major: int, minor: int, why: str) -> pytest.MarkDecorator:
    """Skip a test where Dash is older."""
    return pytest.mark.skipif((major, minor) > DASH, reason=f"Dash {major}.{minor} {why}")
