"""faults.py CASE WRITE_RUN SHIM MPIEXEC DIRECTORY: what a cluster does to a run's files, made to happen."""
import os
import shutil
import subprocess
import sys
import time

import runs
from runs import expect


def fresh(directory, name):
    path = os.path.join(directory, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def writes_of(program, directory):
    """pwrite calls of an undisturbed run."""
    count = os.path.join(directory, "count")
    code, _, err = program.run(os.path.join(directory, "whole"), shim={"COUNT": count}, frames=4)
    expect(code == 0, err)
    with open(count) as f:
        return int(f.read())


def killed(program, directory):
    """SIGKILL before every single write: nothing said to be committed is lost or wrong."""
    points = writes_of(program, directory)
    expect(points > 40, "only", points, "writes")

    def kill(point):
        out = fresh(directory, f"out{point}")
        code, said, _ = program.run(out, shim={"KILL_AFTER": point}, frames=4, replace="no")
        expect(code == -9, "exit", code, "at", point)
        seen = runs.committed_frames(out)
        expect((seen or 0) >= said, f"{said} frames said, {seen} seen; killed before write {point}")
    runs.at_once(kill, range(points))
    print(f"killed before each of {points} writes: nothing lost")


def killed_parts(program, directory):
    def kill(place):
        rank, point = place
        out = fresh(directory, f"out{rank}.{point}")
        code, said, _ = program.run(out, ranks=3, shim={"KILL_AFTER": point, "RANK": rank},
                                    frames=30, replace="no")
        expect(code != 0, "not killed at", point)
        seen = runs.committed_frames(out)
        expect((seen or 0) >= said, f"{said} said, {seen} seen; rank {rank}, write {point}")
    runs.at_once(kill, [(rank, point) for rank in (0, 2) for point in range(60, 300, 60)], ranks=3)
    print("one of three ranks killed: nothing lost")


def failing(program, directory):
    """Every write fails from some point on: one clear line, exit 1, no crash, nothing lost."""
    points = writes_of(program, directory)

    def fail(point):
        out = fresh(directory, f"out{point}")
        code, said, err = program.run(out, shim={"FAIL_AFTER": point}, frames=4, replace="no")
        expect(code == 1, f"exit {code}, failing from write {point} on: {err}")
        expect("No space left on device" in err and len(err.splitlines()) == 1, repr(err))
        seen = runs.committed_frames(out)
        expect((seen or 0) >= said, f"{said} frames said, {seen} seen; failing from {point}")
    runs.at_once(fail, range(points))
    print(f"failing from each of {points} writes on: reported, nothing lost")


def full_disk(program, directory):
    mount = fresh(directory, "small")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", mount],
                          capture_output=True, text=True)
    if done.returncode != 0:
        runs.skip(f"no small tmpfs without root: {done.stderr.strip()}")
    try:
        code, said, err = program.run(os.path.join(mount, "out"), frames=1000)
        expect(code == 1 and "No space left on device" in err, code, err)
        expect(said > 3, "too early:", said)
        expect(runs.committed_frames(os.path.join(mount, "out")) >= said, "frames lost")
        print(f"disk full after {said} frames: reported, nothing lost")
    finally:
        subprocess.run(["umount", mount], check=True)


def read_while_written(program, directory, ranks, **kind):
    out = fresh(directory, "out")
    process = program.start(out, ranks=ranks, replace="no", frames=60, delay_ms=15, **kind)
    opens, seen = 0, []
    end = time.monotonic() + runs.TIMEOUT
    while process.poll() is None:
        expect(time.monotonic() < end, "the run hangs")
        count = runs.committed_frames(out)
        if count is not None:
            opens += 1
            seen.append(count)
    _, err = process.communicate()
    expect(process.returncode == 0, err)
    expect(runs.committed_frames(out) == 60, "frames missing at the end")
    expect(seen == sorted(seen), "frames vanished", seen)
    middle = len({n for n in seen if 0 < n < 60})
    expect(middle >= 3, "seen only", sorted(set(seen)))
    print(f"{opens} opens during the run, {middle} different lengths: each frame counted was right")


CASES = {
    "killed": killed,
    "killed_parts": killed_parts,
    "failing": failing,
    "full_disk": full_disk,
    "swmr": lambda program, directory: read_while_written(program, directory, 1),
    "swmr_lagging_rank": lambda program, directory: read_while_written(
        program, directory, 3, lag_rank=1, lag_ms=20, agree_every=3),
}


def main():
    case, write_run, shim, mpiexec, directory = sys.argv[1:]
    directory = os.path.join(directory, case)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    CASES[case](runs.Program(write_run, shim, mpiexec), directory)
    shutil.rmtree(directory)


main()
