"""How the program cuts a plane among its ranks (scaling_model.py): the same rules, written again; tests/docs/scaling.py
compares them with what the program says."""
import math
import sys


def fail(what):
    print(f"scaling_model.py: {what}", file=sys.stderr)
    sys.exit(2)


def cut_among(ranks, grid):
    """Ranks along each axis: the cuts with the least surface, of equal ones that with the longest rows
    (src/mpi/process_grid.cpp)."""
    rows, columns = grid
    cuts = [(ranks // a, a) for a in range(1, ranks + 1) if ranks % a == 0 and ranks // a <= rows and a <= columns]
    if not cuts:
        fail(f"{ranks} ranks are too many for {rows} x {columns} cells, or have too large factors")
    return min(cuts, key=lambda cut: (cut[0] - 1) * columns + (cut[1] - 1) * rows)  # the first of equal ones


def largest_block(grid, cut):
    return [math.ceil(n / c) for n, c in zip(grid, cut)]


def weak_grid(ranks, block):
    """The grid of the most even cut into so many blocks of this size that the program itself chooses (slurm/scaling.sh weak)."""
    cuts = sorted(((ranks // a, a) for a in range(1, ranks + 1) if ranks % a == 0), key=lambda cut: (sum(cut), -cut[0]))
    for cut in cuts:
        grid = [c * n for c, n in zip(cut, block)]
        if cut_among(ranks, grid) == cut:
            return grid
    fail(f"no grid is cut into {ranks} blocks of {block[0]} x {block[1]} cells")


def depth_of(block, grid, cut, steps):
    """Steps of a sweep at most, and cells of halo: the static choice (planned_tiling, agree_on_tiling in src/simulation)."""
    depth = min(max(min(block) // 8, 1), 16)
    sweeps = -(-steps // (depth * 5 // 4))
    if steps <= 4 * depth and sweeps < -(-steps // depth):
        depth = -(-steps // sweeps)
    return min([depth] + [n // c for n, c in zip(grid, cut) if c > 1])


def sweeps_of(steps, depth):
    """Lengths of the sweeps that `steps` are taken in, with an exchange before each (advance in src/simulation/engine.cpp)."""
    sweeps = []
    while steps > 0:
        groups = -(-steps // depth)
        sweeps.append(-(-steps // groups))
        steps -= sweeps[-1]
    return sweeps


def sides_of(cut):
    """Sides with a neighbour, along each axis, of a rank that has the most; the plane's own edges have none."""
    return [min(c - 1, 2) for c in cut]


def messages_of(sides):
    """Neighbours, those beyond corners included."""
    return (1 + sides[0]) * (1 + sides[1]) - 1


def votes_of(steps, seconds_per_step, depth):
    """Steps between two agreements of all ranks, within a frame: whole sweeps of a quarter of a second, one at least
    (src/run/steps_between_votes.hpp)."""
    most = max(1, int(0.25 / seconds_per_step) // depth)
    groups = []
    while steps > 0:
        sweeps = -(-steps // depth)
        now = -(-sweeps // -(-sweeps // most))
        groups.append(-(-steps * now // sweeps))
        steps -= groups[-1]
    return groups


def team_of(threads, size):
    return threads if size > 1 << 17 else 1  # bytes: less is copied by one (src/simulation/halo_exchange.cpp)


class Exchange:
    """What one rank moves in a halo exchange of u and v, and how large its block's four arrays are."""

    def __init__(self, messages, received, pieces, piece, rows, team, block):
        self.messages = messages  # from so many neighbours, and as many to them
        self.received = received  # bytes
        # Cache lines: pieces of `piece` bytes lie anywhere; whole rows are fetched ahead, four lines in the time of one.
        self.lines = pieces * (1 + (piece - 1) / 64) + rows / 64 / 4
        self.team = team          # threads that share the copying
        self.block = block        # bytes
        self.computing = 0.0      # seconds between this exchange and the next


def exchange_of(block, sides, depth, cell, threads):
    """Between ranks: all that is received was packed and is unpacked."""
    rows, columns = block
    long = 2 * sides[0] * depth * columns * cell
    short = 2 * sides[1] * (rows + sides[0] * depth)  # pieces; of corners too
    received = long + short * depth * cell
    return Exchange(messages_of(sides), received, pieces=2 * short, piece=depth * cell, rows=2 * long,
                    team=team_of(threads, received), block=4 * rows * columns * cell)
