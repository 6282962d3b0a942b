"""The real settings, with the benchmark's routes beside the real ones and a throttle that counts but does not stop us."""

from config.settings import *  # noqa: F403
from config.settings import THROTTLES

ROOT_URLCONF = "benchmarks.suggestions_plain"
THROTTLES = {**THROTTLES, "user": "100000000/minute"}
