"""stats of files that h5py wrote, against numpy.

    stats.py PROGRAM
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import Checks, Workspace, skip  # noqa: E402

try:
    import h5py
    import numpy
except ImportError as error:
    skip(f"{error.name} is missing")

FRAMES = 21


def write(path):
    generator = numpy.random.default_rng(3)
    y, x = numpy.mgrid[0:30, 0:40]
    waves = [numpy.sin(0.3 * (k + 1) * x + 0.2 * y) * 2.0**-k for k in range(5)]
    times = numpy.arange(FRAMES)
    cube = 1000 + sum(numpy.cos(0.9 * (k + 1) * times + k)[:, None, None] * wave for k, wave in enumerate(waves))
    cube += 1e-3 * generator.standard_normal(cube.shape)
    with h5py.File(path, "w") as file:
        file.create_dataset("f4", data=cube.astype("<f4"), chunks=(4, 7, 40), compression=1, shuffle=True)
        file.create_dataset("f8be", data=cube.astype(">f8"), chunks=(1, 16, 16), compression=1)
        file.create_dataset("i2", data=(cube * 10).astype("<i2"))
        file.create_dataset("solid", data=generator.random((9, 6, 8, 10)).astype("<f4"), chunks=(2, 3, 3, 10))
        file.create_dataset("flat", data=numpy.full((3, 4, 5), 2.5))
        holes = cube.copy()
        holes[3] = numpy.nan
        holes[5:7, 2:9, 3:31] = numpy.nan
        file.create_dataset("holes", data=holes, chunks=(5, 10, 10))
        holes[8, 1, 1] = numpy.inf
        file.create_dataset("infinite", data=holes, chunks=(5, 10, 10))


def close(a, b, tolerance=1e-10):
    return numpy.allclose(numpy.array(a, dtype="f8"), b, rtol=tolerance, atol=1e-12, equal_nan=True)


def check_frames(checks, name, found, cube):
    with numpy.errstate(all="ignore"):
        flat = cube.reshape(len(cube), -1).astype("f8")
        for key, wanted in (("min", numpy.nanmin(flat, axis=1)), ("max", numpy.nanmax(flat, axis=1)),
                            ("mean", numpy.nanmean(flat, axis=1)), ("variance", numpy.nanvar(flat, axis=1)),
                            ("nans", numpy.isnan(flat).sum(axis=1))):
            checks.expect(close([f[key] for f in found["frames"]], wanted), f"{key} of {name}")
        bounds = numpy.nanmin(flat), numpy.nanmax(flat)
        counts = numpy.array(found["histogram"]["counts"])
        for t, frame in enumerate(flat):
            frame = frame[numpy.isfinite(frame)]
            checks.expect(counts[t].sum() == len(frame), f"histogram of {name}, frame {t}: cells")
            if bounds[0] < bounds[1]:
                wanted = numpy.histogram(frame, bins=counts.shape[1], range=bounds)[0]
                # A value at an inner bound may fall to either side by rounding.
                checks.expect(abs(counts[t] - wanted).sum() <= 4, f"histogram of {name}, frame {t}")


def check_pod(checks, name, out, cube):
    flat = cube.reshape(len(cube), -1).astype("f8")
    centred = flat - flat.mean(axis=0)
    values = numpy.linalg.svd(centred, compute_uv=False)
    energies = out["energies"][:]
    checks.expect(numpy.allclose(energies[:len(values)], values**2 / len(cube), rtol=1e-6, atol=1e-9 * energies[0] + 1e-15),
                  f"energies of {name}")
    checks.expect(close(energies.sum(), flat.var(axis=0).sum(), 1e-8), f"energies of {name} add up to the variance")
    checks.expect(close(out["mean_over_time"][:].reshape(-1), flat.mean(axis=0)), f"mean over time of {name}")
    modes = out["modes"][:].reshape(len(out["modes"]), -1)
    coefficients = out["coefficients"][:]
    kept = energies[:len(modes)] > 1e-9 * energies[0]
    checks.expect(numpy.allclose(modes[kept] @ modes[kept].T, numpy.eye(kept.sum()), atol=1e-6), f"modes of {name}: orthonormal")
    checks.expect(numpy.allclose(coefficients[:, kept], centred @ modes[kept].T, atol=1e-6 * values[0]),
                  f"coefficients of {name}")
    best = numpy.sqrt((values[len(modes):]**2).sum())
    checks.expect(numpy.linalg.norm(centred - coefficients @ modes) <= best * (1 + 1e-6) + 1e-6 * values[0],
                  f"modes of {name} leave more than they must")


def check_recorded_bounds(work, checks):
    """A run's /stats spare a pass, unless they are not whole or not right; the result is the same."""
    work.write("run.toml", "[grid]\nshape = [60, 80]\n[time]\nframes = 6\nsteps_per_frame = 20\n"
               "[output]\ndirectory = 'run'\nfields = ['u', 'v']\n")
    made = work.run("run", "run.toml")
    checks.expect(made.returncode == 0, f"run: {made.stderr}")
    results = {}
    for label, passes in (("as it is", 1), ("a wrong maximum", 2), ("a NaN", 2), ("none", 2)):
        with h5py.File(work.path / "run/frames.h5", "a") as file:
            if label == "a wrong maximum":
                right = file["stats/v_max"][2]
                file["stats/v_max"][2] = right + 1
            elif label == "a NaN":
                file["stats/v_max"][2] = numpy.nan
            elif label == "none":
                del file["stats"]
        found = work.run("stats", "run", "--dataset", "v", "--json", "--modes", 0)
        checks.expect(found.returncode == 0, f"stats of a run, {label}: {found.stderr}")
        found = json.loads(found.stdout)
        checks.expect(found["passes"] == passes, f"stats of a run, {label}: {found['passes']} passes")
        results[label] = found["frames"], found["histogram"]
    checks.expect(all(r == results["as it is"] for r in results.values()), "statistics of a run depend on its /stats")


def main():
    checks = Checks()
    with Workspace(sys.argv[1]) as work:
        write(work.path / "frames.h5")
        file = h5py.File(work.path / "frames.h5")
        for name in ("f4", "f8be", "i2", "solid", "flat"):
            moments = None
            for extra in ((), ("--threads", "1"), ("--memory", "2MiB", "--threads", "3")):
                if name == "i2" and "2MiB" in extra:
                    extra = ("--memory", "5MiB", "--threads", "3")  # blocks of contiguous data are larger
                made = work.run("stats", "frames.h5", "--dataset", name, "--json", "--modes", 4, "-o", "s.h5", "--force", *extra)
                checks.expect(made.returncode == 0, f"stats of {name} {extra}: {made.stderr}")
                found = json.loads(made.stdout)
                check_frames(checks, name, found, file[name][:])
                part = found["frames"], found["histogram"]
                checks.expect(moments in (None, part), f"stats of {name} depend on {extra}")
                moments = part
                with h5py.File(work.path / "s.h5") as out:
                    check_pod(checks, name, out, file[name][:])
                    checks.expect(close(out["variance"][:], [f["variance"] for f in found["frames"]]), f"{name}: HDF5")
        check_recorded_bounds(work, checks)
        for name in ("holes", "infinite"):
            refused = work.run("stats", "frames.h5", "--dataset", name, "-o", "none.h5")
            checks.expect(refused.returncode == 1 and "not finite" in refused.stderr, f"modes of {name}: {refused.stderr}")
        found = json.loads(work.run("stats", "frames.h5", "--dataset", "holes", "--json", "--modes", 0).stdout)
        check_frames(checks, "holes", found, file["holes"][:])
        infinite = work.run("stats", "frames.h5", "--dataset", "infinite", "--json", "--modes", 0)
        checks.expect(json.loads(infinite.stdout)["histogram"]["counts"] == [], f"no bins up to infinity: {infinite.stderr}")
        small = work.run("stats", "frames.h5", "--dataset", "f4", "--memory", "10KiB")
        checks.expect(small.returncode == 2 and "is the least" in small.stderr, f"too little memory: {small.stderr}")
        checks.expect(not list(work.path.glob("none.h5*")), "nothing is left after an error")
        file.close()
    checks.finish()


if __name__ == "__main__":
    main()
