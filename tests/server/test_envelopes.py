"""Envelopes of Connect and gRPC-Web requests, cut anywhere."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from server.doors.connect import _Envelopes

envelopes = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=5)


def packed(found: list[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack(">BI", flags, len(data)) + data for flags, data in found)


@given(envelopes, st.data())
def test_every_envelope_that_says_it_is_compressed_is_marked_and_nothing_else(found, data):
    body = packed(found)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    marker = _Envelopes()
    got = b"".join(marker.marked(body[a:b]) for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True))
    assert got == packed([(flags | 0x40 if flags & 1 else flags, data) for flags, data in found])
