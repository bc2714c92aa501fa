"""Teachers: what says how the world should look. `voxcore.guidance.teachers` lists them by name."""
