"""follow.py [RUN]: watches a run while it is written.

A frame is complete on every rank as soon as /step counts it; /v may already be longer. SWMR ("single writer, multiple
readers") is how HDF5 lets others read an open file."""

import sys
import time
from pathlib import Path

import h5py

path = Path(sys.argv[1] if len(sys.argv) > 1 else "out") / "frames.h5"
with h5py.File(path, "r", swmr=True) as file:
    step, v = file["step"], file["v"]
    seen = 0
    idle = 0
    while idle < 20:  # ten seconds without a new frame: the run has ended, or is very slow
        step.refresh()
        frames = len(step)
        if frames > seen:
            v.refresh()
            print(f"frame {frames - 1}, step {step[frames - 1]}: max v {v[frames - 1].max():.4f}", flush=True)
            seen, idle = frames, 0
        else:
            idle += 1
            time.sleep(0.5)
