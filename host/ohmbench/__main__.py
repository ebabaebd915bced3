"""`python -m ohmbench`."""

from __future__ import annotations

import sys

from ohmbench.cli.main import main

sys.exit(main())
