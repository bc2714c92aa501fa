import numpy as np
import pytest

from voxcore.palette import CLASSIC, EDITOR
from voxcore.render import SKY, lit_colors, to_uint8


def shade_by_hand(surface: list[float], normal: tuple[int, int, int]) -> np.ndarray:
    """The editor's shader, written out for one face."""
    sun = np.array([-0.4, -0.85, -0.5]) / np.sqrt(0.4**2 + 0.85**2 + 0.5**2)
    up = min(max(normal[1] * 0.5 + 0.5, 0), 1)
    ambient = 0.55 * (np.array([0.18, 0.16, 0.12]) * (1 - up) + np.array([0.53, 0.81, 0.92]) * up)
    diffuse = max(-float(np.dot(normal, sun)), 0.0) * np.array([1, 0.97, 0.9])
    return np.clip(np.array(surface) * (ambient + diffuse), 0, 1)


@pytest.mark.parametrize(
    ("face", "normal", "grass"),
    [
        (0, (1, 0, 0), [0.45, 0.58, 0.30]),
        (1, (-1, 0, 0), [0.45, 0.58, 0.30]),
        (2, (0, 1, 0), [0.34, 0.68, 0.36]),
        (3, (0, -1, 0), [0.40, 0.30, 0.16]),
        (4, (0, 0, 1), [0.45, 0.58, 0.30]),
        (5, (0, 0, -1), [0.45, 0.58, 0.30]),
    ],
)
def test_grass_is_lit_as_the_editor_does(face, normal, grass):
    lit = lit_colors(EDITOR)
    assert lit[0, face] == pytest.approx(shade_by_hand(grass, normal), abs=1e-12)


def test_colours_are_in_range_and_clamped():
    lit = lit_colors(EDITOR)
    assert lit.shape == (11, 6, 3)
    assert lit.dtype == np.float64
    assert lit.min() >= 0.0
    assert lit.max() == 1.0  # a snow top in full sun


def test_sun_comes_from_plus_x_y_z():
    lit = lit_colors(CLASSIC).sum(axis=2)
    assert (lit[:, 0] > lit[:, 1]).all()
    assert (lit[:, 2] > lit[:, 3]).all()
    assert (lit[:, 4] > lit[:, 5]).all()


def test_rounding_to_bytes():
    assert to_uint8(np.array([0.0, 0.5 / 255, 0.499 / 255, 1.0, 1.5, -1.0])).tolist() == [0, 1, 0, 255, 255, 0]
    assert to_uint8(SKY).tolist() == [135, 207, 235]
