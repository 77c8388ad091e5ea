"""Load by h2load, bounded in count and in time, always towards loopback."""

import re
import subprocess


def run(urls, requests, connections, body, headers, log, http1, core=None, seconds=120):
    """Sends `body` until `requests` were answered; anything but a 2xx is an error.

    Returns requests a second and the percentiles of the time to an answer in milliseconds.
    """
    if not all(url.startswith("https://127.0.0.1:") for url in urls):
        raise ValueError(f"not on loopback: {urls}")
    log.unlink(missing_ok=True)
    command = ["h2load", "-n", str(requests), "-c", str(connections), "-d", str(body), f"--log-file={log}"]
    if http1:
        command.append("--h1")
    for header in headers:
        command += ["-H", header]
    if core is not None:
        command = ["taskset", "-c", str(core)] + command
    out = subprocess.run(command + urls, capture_output=True, text=True, timeout=seconds)
    rate = re.search(r"^finished in .*?, ([0-9.]+) req/s", out.stdout, re.M)
    good = re.search(r"^status codes: (\d+) 2xx", out.stdout, re.M)
    if out.returncode != 0 or not rate or not good or int(good[1]) != requests:
        raise RuntimeError(f"{' '.join(urls)}: not every request got a 2xx:\n{out.stdout}{out.stderr}")
    with open(log) as f:
        times = sorted(int(line.split("\t")[2]) / 1000 for line in f)
    return {"rate": float(rate[1]), "p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]}
