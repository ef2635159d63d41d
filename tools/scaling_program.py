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
