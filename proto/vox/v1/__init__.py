"""Version 1 of the voxcore contract: generated messages and services."""
