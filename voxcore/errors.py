"""The exceptions that voxcore raises on purpose.

::

    VoxcoreError
    ├── InvalidInput          the caller's value is wrong: fix it and try again
    │   ├── InvalidConfig     a setting (steps, learning rate, schedule, ...)
    │   ├── MapFormatError    a map.json
    │   ├── DatasetFormatError  a dataset's metadata.json or transforms.json
    │   ├── ModelFormatError  a folder of an image diffusion model
    │   └── ShapeError        an array's shape or dtype
    ├── NotFound              a map, dataset, checkpoint or model that is not there
    ├── LimitExceeded         a size above what this installation accepts
    │   └── DeviceMemoryError the device's memory was not enough
    ├── StorageError          the disk: full, not writable, not readable
    ├── CheckpointError       a checkpoint that is damaged or belongs to another job
    └── TeacherError          a teacher produced something unusable (NaN, wrong shape)

Every message names the field, what was expected and what came. ``field`` is kept apart so that a
service can put it into a structured error.
"""

from __future__ import annotations


class VoxcoreError(Exception):
    """Base class. ``field`` is the dotted name of the offending input, or "" where there is none."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class InvalidInput(VoxcoreError):
    """A value of the caller's cannot be used."""


class InvalidConfig(InvalidInput):
    """A setting is outside its range or contradicts another."""


class MapFormatError(InvalidInput):
    """A map.json does not follow the format."""


class DatasetFormatError(InvalidInput):
    """A dataset's metadata does not follow the format."""


class ModelFormatError(InvalidInput):
    """A folder of an image diffusion model lacks a part, or its parts do not fit together."""


class ShapeError(InvalidInput):
    """An array has the wrong shape or dtype."""


class NotFound(VoxcoreError):
    """Something named by the caller does not exist."""


class LimitExceeded(VoxcoreError):
    """A size is above the limit of this installation."""


class DeviceMemoryError(LimitExceeded):
    """The memory of the device was not enough for a step; what came before it is kept."""


class StorageError(VoxcoreError):
    """The disk refused: full, read-only or unreadable."""


class CheckpointError(VoxcoreError):
    """A checkpoint is damaged, or was written by a different job."""


class TeacherError(VoxcoreError):
    """A teacher returned something that cannot be optimised."""
