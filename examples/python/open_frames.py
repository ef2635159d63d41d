"""open_frames.py [RUN]: a run's frames.h5 in h5py and in xarray. Debian: /usr/bin/python3, python3-h5py, python3-xarray,
python3-h5netcdf."""

import sys
from pathlib import Path

import h5py

run = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
path = run / "frames.h5"

with h5py.File(path) as file:
    v = file["v"]  # [time, y, x], or [time, z, y, x]; nothing is read yet
    print(f"{v.shape[0]} frames of {' x '.join(map(str, v.shape[1:]))} cells, {v.dtype}, chunks {v.chunks}")
    last = v[-1]  # one frame, decoded: a numpy array
    print(f"step {file['step'][-1]}, time {file['time'][-1]:g}: v from {last.min():.4f} to {last.max():.4f}")
    print("mean of v, first and last frame:", file["stats/v_mean"][0], file["stats/v_mean"][-1])

try:
    import xarray
except ImportError:
    sys.exit(0)

with xarray.open_dataset(path, engine="h5netcdf") as data:
    middle = data.v.isel(time=-1).sel(y=data.y[data.sizes["y"] // 2], method="nearest")
    print("a line through the middle of the last frame:", dict(middle.sizes))
