"""Judges the embedded prior on prompts that it never saw: see ``python -m benchmarks.prior --help``."""
