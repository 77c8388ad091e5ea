"""Progress messages of a run, with the time since its start."""

import sys
import time

STARTED = time.monotonic()


def seconds():
    return time.monotonic() - STARTED


def say(text):
    print(f"[{seconds():5.0f} s] {text}", file=sys.stderr, flush=True)
