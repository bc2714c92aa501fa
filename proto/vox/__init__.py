"""The voxcore contract."""
