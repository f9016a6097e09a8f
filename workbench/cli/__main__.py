"""``python -m workbench.cli``: the same as ``workbench``, where no script is on the path."""

import sys

from workbench.cli import main

sys.exit(main())
