"""kill_points.py CASE WRITE_RUN MORPHOGEN SHIM DIRECTORY [--all]: SIGKILL before calls that change files, while segments
are begun, runs are taken up and runs are repaired.

After every kill: what was committed is there, byte for byte, before and after `repair`, which makes every dataset as long
as /step for stock readers; and a resume ends with the whole run. Without --all: about POINTS of the points, spread evenly."""
import os
import shutil
import subprocess
import sys

import runs
from runs import expect, h5py

POINTS = 12
FRAMES = 6
TABLE = ("step", "time", "u", "v", "stats/u_min", "stats/v_mean")


class Tools:
    def __init__(self, write_run, morphogen, shim, directory, every_point):
        self.write_run, self.morphogen, self.shim = write_run, morphogen, shim
        self.directory, self.every_point = directory, every_point

    def start(self, command, shim=None, ranks=1):
        environment = dict(os.environ)
        added = {}
        if shim is not None:
            added = {"LD_PRELOAD": self.shim, "MORPHOGEN_TEST_IO_UNDER": self.directory}
            added.update({"MORPHOGEN_TEST_IO_" + key: str(value) for key, value in shim.items()})
        if ranks == 1:
            environment.update(added)
        else:  # not into mpirun itself: the ranks alone are to die
            forwarded = [word for key, value in added.items() for word in ("-x", f"{key}={value}")]
            command = [os.environ["MORPHOGEN_TEST_MPIEXEC"], "-n", str(ranks)] + forwarded + command
        done = subprocess.run(command, env=environment, capture_output=True, text=True,
                              timeout=runs.TIMEOUT)
        said = [int(line.split()[1]) for line in done.stdout.splitlines()
                if line.startswith("committed")]
        return done.returncode, said[-1] if said else 0, done.stderr + done.stdout

    def run(self, out, shim=None, ranks=1, **options):
        command = [self.write_run, out]
        for key, value in options.items():
            command += ["--" + key.replace("_", "-"), str(value)]
        return self.start(command, shim, ranks)

    def repair(self, out, shim=None):
        return self.start([self.morphogen, "repair", out], shim)

    def calls(self, command, **shim):
        """Those that command(shim) makes when nothing disturbs it."""
        log = os.path.join(self.directory, "calls")
        open(log, "w").close()
        code, _, text = command({"LOG": log, **shim})
        expect(code == 0, "undisturbed:", code, text)
        with open(log) as f:
            return len(f.readlines())


def copy(template, out):
    shutil.rmtree(out, ignore_errors=True)
    if template is not None:
        shutil.copytree(template, out, symlinks=True)


def check_lengths(out, least):
    """Frames that stock tools see; every dataset as long as /step."""
    if not os.path.exists(os.path.join(out, "frames.h5")):
        expect(least == 0, least, "frames were committed, there is no frames.h5")
        return 0
    with h5py.File(os.path.join(out, "frames.h5"), "r") as f:
        lengths = {name: len(f[name]) for name in TABLE}
    expect(len(set(lengths.values())) == 1, "after repair", lengths)
    expect(lengths["step"] >= least, least, "were committed,", lengths)
    return lengths["step"]


def before_repair(out, least):
    """While a change is half made (its record lies beside) only repair can read the file."""
    if any(name.endswith(".update") for _, _, names in os.walk(out) for name in names):
        return
    seen = runs.committed_frames(out)
    expect((seen or 0) >= least, least, "were committed,", seen, "seen before repair")


def kill_everywhere(tools, template, had, command, after, links=True, every_point=False):
    """command(out, shim) -> (exit, said, text), killed before its calls one by one. had: frames of
    the template."""
    whole = os.path.join(tools.directory, "whole")
    base = {} if links else {"NO_LINKS": 1}
    copy(template, whole)
    points = tools.calls(lambda shim: command(whole, shim), **base)
    expect(points > 0, "no calls")
    chosen = range(points) if tools.every_point or every_point else sorted(
        {round(i * (points - 1) / POINTS) for i in range(POINTS + 1)})

    def kill(point):
        out = os.path.join(tools.directory, f"out{point}")
        copy(template, out)
        code, said, text = command(out, {"KILL_BEFORE": point, **base})
        expect(code == -9, "exit", code, "at", point, text)
        least = max(had, said)
        if links:
            before_repair(out, least)
        code, _, text = tools.repair(out) if os.path.isdir(out) else (0, 0, "")
        nothing_yet = least == 0 and code == 2 and "holds no run" in text
        expect(code == 0 or nothing_yet, "repair after a kill at", point, text)
        seen = check_lengths(out, least)
        if seen:
            runs.committed_frames(out)
        after(out, point)
        shutil.rmtree(out)
    runs.at_once(kill, chosen)
    print(f"killed before {len(chosen)} of {points} calls: nothing lost")


def finish(tools, frames=FRAMES, **options):
    def go(out, point):
        code, _, text = tools.run(out, frames=frames, resume="yes", **options)
        expect(code == 0, "resume after a kill at", point, text)
        expect(check_lengths(out, frames) == frames, "frames missing at the end, kill at", point)
        runs.committed_frames(out)
        code, _, text = tools.repair(out)
        # Empty parts of a beginning that came to nothing may be there to remove.
        expect(code == 0 and "problem" not in text, "repair at the end:", text)
    return go


def made(tools, name, **options):
    template = os.path.join(tools.directory, name)
    shutil.rmtree(template, ignore_errors=True)
    code, _, text = tools.run(template, **options)
    expect(code == 0, text)
    return template


def segments(tools, links=True):
    options = {"frames_per_file": 2}
    kill_everywhere(tools, None, 0,
                    lambda out, shim: tools.run(out, shim, frames=FRAMES, replace="no", **options),
                    finish(tools, **options), links)


def resumed(tools):
    template = made(tools, "template", frames=3, end="abandon")
    kill_everywhere(tools, template, 3,
                    lambda out, shim: tools.run(out, shim, frames=FRAMES, resume="yes"),
                    finish(tools))


def resumed_in_segment(tools, links=True):
    template = made(tools, "template", frames=3)
    kill_everywhere(tools, template, 3,
                    lambda out, shim: tools.run(out, shim, frames=FRAMES, resume="yes", frames_per_file=2),
                    finish(tools, frames_per_file=2), links)


def columns_grow(tools):
    """/step, /time and /stats get their second chunk with frame 128: commits that only wrote theirs anew make space then."""
    template = made(tools, "template", frames=128, end="abandon")
    kill_everywhere(tools, template, 128,
                    lambda out, shim: tools.run(out, shim, frames=129, resume="yes"),
                    finish(tools, 129), every_point=True)


def repaired(tools):
    """A run that a kill left in the middle of a frame of its second segment, and repair killed."""
    template = os.path.join(tools.directory, "template")
    points = tools.calls(lambda shim: tools.run(template, shim, frames=4, frames_per_file=2))
    for part in (3, 5, 8):  # in tenths of the run
        shutil.rmtree(template)
        code, said, text = tools.run(template, {"KILL_BEFORE": points * part // 10}, frames=4,
                                     frames_per_file=2, replace="no")
        expect(code == -9, code, text)
        kill_everywhere(tools, template, said, tools.repair, finish(tools, frames_per_file=2))


def rebuilt(tools):
    """frames.h5 is gone and made anew from the parts; repair killed."""
    template = made(tools, "template", frames=5, frames_per_file=2)
    os.remove(os.path.join(template, "frames.h5"))

    def after(out, point):
        expect(check_lengths(out, 5) == 5, "kill at", point)
        finish(tools, frames_per_file=2)(out, point)
    kill_everywhere(tools, template, 5, tools.repair, after, links=False)


def one_of_two_ranks(tools):
    """One rank is killed, mpirun ends the other; another number of ranks goes on."""
    options = {"frames": FRAMES, "frames_per_file": 2, "replace": "no", "ranks": 2}
    chosen = []
    for rank in (0, 1):
        whole = os.path.join(tools.directory, f"whole{rank}")
        points = tools.calls(lambda shim: tools.run(whole, shim, **options), RANK=rank)
        chosen += [(rank, point) for point in range(points // 8, points, 1 if tools.every_point else max(points // 4, 1))]

    def kill(place):
        rank, point = place
        out = os.path.join(tools.directory, f"out{rank}.{point}")
        code, said, text = tools.run(out, {"KILL_BEFORE": point, "RANK": rank}, **options)
        if code == 0:
            return 0  # ranks publish as they meet: another launch of the same run makes fewer calls
        before_repair(out, said)
        code, _, text = tools.repair(out) if os.path.exists(os.path.join(out, "frames.h5")) else (0, 0, "")
        expect(code == 0, "repair after a kill of rank", rank, "at", point, text)
        check_lengths(out, said)
        finish(tools, ranks=3 if point % 2 else 2, frames_per_file=2)(out, point)
        shutil.rmtree(out)
        return 1

    tried = sum(runs.at_once(kill, chosen, ranks=2))
    expect(tried >= 4, "too few launches were killed:", tried)
    print(f"one of two ranks killed before {tried} calls: nothing lost")


CASES = {
    "one_of_two_ranks": one_of_two_ranks,
    "columns_grow": columns_grow,
    "segments": segments,
    "segments_without_links": lambda tools: segments(tools, links=False),
    "resumed": resumed,
    "resumed_in_segment": resumed_in_segment,
    "resumed_without_links": lambda tools: resumed_in_segment(tools, links=False),
    "repaired": repaired,
    "rebuilt": rebuilt,
}


def main():
    case, write_run, morphogen, shim, directory = sys.argv[1:6]
    directory = os.path.join(directory, "kill_" + case)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    CASES[case](Tools(write_run, morphogen, shim, directory, "--all" in sys.argv[6:]))
    shutil.rmtree(directory)


main()
