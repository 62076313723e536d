"""Run the command line as `python -m cni_plan`."""

import sys

from cni_plan.cli import main

if __name__ == "__main__":
    sys.exit(main())
