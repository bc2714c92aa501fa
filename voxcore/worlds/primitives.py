"""Plain shapes: cube, sphere, wall, pillar, cone, ring, dome, staircase."""

from __future__ import annotations

from voxcore.worlds.canvas import Part, disk, ring
from voxcore.worlds.order import Order


def cube(o: Order) -> Part:
    """A solid cube."""
    n = min(o.pick((6, 10), (11, 18), (19, 28)), o.room)
    p = Part(n, n, n)
    p.box(0, 0, 0, n, n, n, o.mat.wall)
    return p


def sphere(o: Order) -> Part:
    """A ball that rests on the ground, a little sunk in."""
    n = min(o.pick((7, 11), (12, 20), (21, 30)), o.room)
    p = Part(n, n, n, below=1)
    p.ball(0, -1, 0, n, n, n, o.mat.wall)
    return p


def wall(o: Order) -> Part:
    """A straight wall."""
    n = o.pick((16, 24), (26, 40), (42, 56))
    h = o.tall((3, 5), (6, 10), (11, 18))
    t = o.rng.choice((1, 2, 3, 4))
    p = Part(n, h, t)
    p.box(0, 0, 0, n, h, t, o.mat.wall)
    return p


def pillar(o: Order) -> Part:
    """One pillar, round or square."""
    h = o.tall((8, 13), (14, 22), (24, 36))
    n = max(2, h // o.rng.choice((3, 4, 5, 6)))
    p = Part(n, h, n)
    p.prism(0, 0, disk(n) if o.chance(0.5) else disk(n) | True, 0, h, o.mat.wall)
    return p


def cone(o: Order) -> Part:
    """A cone."""
    n = o.pick((9, 13), (15, 23), (25, 35)) | 1
    h = min(int(n * o.rng.uniform(0.6, 1.3)), o.room)
    p = Part(n, h, n)
    p.cone(0, 0, n, 0, h, o.mat.wall)
    return p


def ring_wall(o: Order) -> Part:
    """A round wall around nothing."""
    n = o.pick((12, 18), (20, 32), (34, 48))
    h = o.tall((2, 4), (4, 8), (8, 14))
    p = Part(n, h, n)
    p.prism(0, 0, ring(n, o.rng.choice((1, 2, 3))), 0, h, o.mat.wall)
    return p


def dome(o: Order) -> Part:
    """Half a ball, closed."""
    n = min(o.pick((9, 15), (17, 27), (29, 41)), 2 * o.room) | 1
    p = Part(n, n // 2 + 1, n)
    p.dome(0, 0, n, 0, n // 2 + 1, o.mat.wall)
    return p


def staircase(o: Order) -> Part:
    """Steps that lead up, solid underneath."""
    n = min(o.pick((8, 12), (13, 20), (21, 30)), o.room)
    w = o.rng.randint(3, 8)
    run = 2 if n < 16 and o.chance(0.4) else 1
    p = Part(n * run, n, w)
    for i in range(n):
        p.box(i * run, 0, 0, (i + 1) * run, i + 1, w, o.mat.wall)
    return p
