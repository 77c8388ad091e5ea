"""What a run tells on the way, with the time since it began."""

import sys
import time

STARTED = time.monotonic()


def seconds():
    return time.monotonic() - STARTED


def say(text):
    print(f"[{seconds():5.0f} s] {text}", file=sys.stderr, flush=True)
