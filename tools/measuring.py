"""What the tools that measure memory and speed of commands share."""
import os
import subprocess
import sys
import time

ALLOWED_ABOVE = 64 << 20  # resident bytes besides --memory: the program itself
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def bytes_of(size):
    return int(size[:-3]) * UNITS[size[-3:]]


def run(command, environment=None):
    """Output, seconds and peak resident bytes; ends the tool if it fails. This process stays small: a child begins with its
    parent's peak."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, **(environment or {})})
    output, errors = child.stdout.read(), child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))[:300]}\n{errors}")
    return output, time.perf_counter() - began, usage.ru_maxrss * 1024
