"""animate.py [RUN [OUT.gif]]: the frames as an animation, one frame in memory at a time. Needs matplotlib (Debian:
python3-matplotlib). `morphogen render` makes pictures without Python."""

import sys
from pathlib import Path

import h5py
import matplotlib

matplotlib.use("Agg")
from matplotlib import animation, pyplot  # noqa: E402  (the backend comes first)

run = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
target = sys.argv[2] if len(sys.argv) > 2 else "frames.gif"

with h5py.File(run / "frames.h5") as file:
    v, model_time = file["v"], file["time"]
    stride = max(1, len(model_time) // 100)  # at most about 100 pictures
    figure, axes = pyplot.subplots()
    image = axes.imshow(v[-1], origin="lower", vmin=0, vmax=file["stats/v_max"][:].max())
    figure.colorbar(image, label="v")

    def show(frame):
        image.set_data(v[frame])
        axes.set_title(f"t = {model_time[frame]:g}")
        return [image]

    animation.FuncAnimation(figure, show, frames=range(0, len(model_time), stride)).save(target, fps=15)
print(target)
