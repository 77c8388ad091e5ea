"""Building the parts that are written in Go."""

import os
import subprocess


def build(module, package, program):
    subprocess.run(["go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, package],
                   cwd=module, env=os.environ | {"CGO_ENABLED": "0"}, check=True)
