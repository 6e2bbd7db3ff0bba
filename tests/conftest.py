"""What every test needs."""

import sys

# PySpark, which Great Expectations imports where it is installed, takes a main module without a
# file for a doctest run and ends the process. The workers of pytest-xdist have such a main module.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__
