"""Run the command line as `python -m cni_plan`."""

import sys

from cni_plan.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
