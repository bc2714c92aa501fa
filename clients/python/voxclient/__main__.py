"""See `voxclient.cli`."""

import sys

from voxclient.cli import main

sys.exit(main())
