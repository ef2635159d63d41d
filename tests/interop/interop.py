"""interop.py TOOL DIRECTORY [--sample]: a finished run's frames.h5 through one of other people's tools.

Every value that a tool returns must have the bits that h5py reads; with --sample h5py's must be those
that tests/support/sample_frames.hpp wrote. Exit code 77, with a reason, if the tool is missing."""
import os
import shutil
import subprocess
import sys

import numpy as np


def skip(reason):
    print("SKIPPED:", reason)
    sys.exit(77)


try:
    import h5py
except ImportError as missing:
    skip(f"{missing} ({sys.executable})")

import sample

SPACE = ("z", "y", "x")


def expect(condition, *what):
    if not condition:
        print("FAILED:", *what)
        sys.exit(1)


def same(a, b, what):
    a, b = np.asarray(a), np.asarray(b)
    expect(a.shape == b.shape, what, "shape", a.shape, "is not", b.shape)
    expect(a.dtype == b.dtype, what, "type", a.dtype, "is not", b.dtype)
    expect(a.tobytes() == b.tobytes(), what, "differs")


class Reference:
    """All of frames.h5, by h5py."""

    def __init__(self, path):
        with h5py.File(path, "r") as f:
            self.fields = {name: f[name][()] for name in ("u", "v") if name in f}
            self.step, self.time = f["step"][()], f["time"][()]
            first = next(iter(self.fields.values()))
            self.axes = SPACE[4 - first.ndim:]
            self.coordinates = {name: f[name][()] for name in self.axes}
            self.stats = {name: f["stats"][name][()] for name in f["stats"]}


def check_h5py(path, reference, is_sample):
    count = len(reference.step)
    with h5py.File(path, "r") as f:
        for name in reference.fields:
            labels = [d.keys()[0] for d in f[name].dims]
            expect(labels == ["time", *reference.axes], name, "scales", labels)
            expect(np.isnan(f[name].fillvalue), name, "fill value", f[name].fillvalue)
        for name in ("step", *(f"stats/{s}" for s in f["stats"])):
            expect(f[name].dims[0].keys() == ["time"], name, "scales")
        launch = f["provenance/0000"].attrs
        for key in ("config", "version", "revision", "compiler", "hdf5", "mpi", "host", "isa", "time",
                    "ranks", "compute_threads", "io_threads"):
            expect(key in launch, "provenance lacks", key)

        def only_fixed_strings(name, item):
            for key in item.attrs:
                kind = item.attrs.get_id(key).get_type()
                expect(not (isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str()),
                       name, key, "is a variable-length string")
        f.visititems(only_fixed_strings)
        only_fixed_strings("/", f)
    if not is_sample:
        return
    for name, cells in reference.fields.items():
        same(cells, sample.frames(name, count, cells.shape[1:], cells.dtype), name)
    same(reference.step, sample.steps(count), "step")
    same(reference.time, sample.times(count), "time")
    for name, values in reference.stats.items():
        same(values, sample.statistic(*name.split("_"), count), name)
    for name, values in reference.coordinates.items():
        same(values, (np.arange(len(values)) + 0.5) * 0.5, name)


def check_xarray(path, reference, engine):
    try:
        import xarray
        __import__({"h5netcdf": "h5netcdf", "netcdf4": "netCDF4"}[engine])
    except ImportError as missing:
        skip(missing)
    with xarray.open_dataset(path, engine=engine) as data:
        for name, cells in reference.fields.items():
            expect(data[name].dims == ("time", *reference.axes), name, "dims", data[name].dims)
            expect(set(data[name].coords) == {"time", "step", *reference.axes}, name, "coordinates",
                   list(data[name].coords))
            same(data[name].values, cells, name)
        same(data["time"].values, reference.time, "time")
        same(data["step"].values, reference.step, "step")
        for name, values in reference.coordinates.items():
            same(data[name].values, values, name)
    with xarray.open_dataset(path, engine=engine, group="stats") as data:
        for name, values in reference.stats.items():
            expect(data[name].dims == ("time",), name, "dims", data[name].dims)
            same(data[name].values, values, name)


def output_of(*command):
    if shutil.which(command[0]) is None:
        skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    expect(done.returncode == 0 and not done.stderr, " ".join(command), done.stderr)
    return done.stdout


def check_ncdump(path, reference):
    header = output_of("ncdump", "-h", path)
    count = len(reference.step)
    expect(f"time = UNLIMITED ; // ({count} currently)" in header, "no time dimension in", header)
    for name, values in reference.coordinates.items():
        expect(f"{name} = {len(values)} ;" in header, "no dimension", name, "in", header)
    for name in reference.fields:
        expect(f"{name}(time, {', '.join(reference.axes)})" in header, "no", name, "in", header)
    # Values too: 17 digits give a double back, 9 a float.
    text = output_of("ncdump", "-p", "9,17", "-v", "v,step", path)
    data = text[text.index("data:"):]
    cells = data[data.index(" v =") + 4:data.index(";", data.index(" v ="))]
    same(np.array(cells.replace("_", "nan").split(","), dtype=np.float64)
         .astype(reference.fields["v"].dtype), reference.fields["v"].ravel(), "v")


def check_h5dump(path, reference):
    text = output_of("h5dump", "-y", "-w", "0", "-m", "%.17g", "-d", "/v", path)
    cells = text[text.index("DATA {") + 6:text.index("}", text.index("DATA {"))]
    same(np.array(cells.replace("\n", " ").split(","), dtype=np.float64)
         .astype(reference.fields["v"].dtype), reference.fields["v"].ravel(), "v")


def check_vtk(path, reference):
    try:
        from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline as Pipeline
        from vtkmodules.vtkIONetCDF import vtkNetCDFCFReader
        from vtkmodules.util.numpy_support import vtk_to_numpy
    except ImportError as missing:
        skip(missing)
    reader = vtkNetCDFCFReader()
    reader.SetFileName(path)
    reader.UpdateInformation()
    times = reader.GetOutputInformation(0).Get(Pipeline.TIME_STEPS())
    expect(times is not None, "no time steps")
    same(np.array(times), reference.time, "time steps")
    names = [reader.GetVariableArrayName(i) for i in range(reader.GetNumberOfVariableArrays())]
    expect(set(reference.fields) <= set(names), "arrays", names)
    for number, time in enumerate(times):
        reader.UpdateTimeStep(time)
        grid = reader.GetOutput()
        expect(grid.GetClassName() in ("vtkImageData", "vtkRectilinearGrid"), grid.GetClassName())
        data = grid.GetPointData() if grid.GetPointData().HasArray("v") else grid.GetCellData()
        for name, cells in reference.fields.items():
            expect(data.HasArray(name), "no array", name)
            same(vtk_to_numpy(data.GetArray(name)), cells[number].ravel(), name)


def check_xdmf(path, reference):
    """By the library that VTK and ParaView read it with, if there, else by its document."""
    import xml.etree.ElementTree as tree
    file = os.path.join(os.path.dirname(path), "frames.xdmf")
    grids = tree.parse(file).getroot().findall("./Domain/Grid/Grid")
    expect(len(grids) == len(reference.step), "grids", len(grids))
    for number, grid in enumerate(grids):
        expect(float(grid.find("Time").get("Value")) == reference.time[number], "time of", number)
        shape = tuple(map(int, grid.find("Topology").get("Dimensions").split()))
        attributes = grid.findall("Attribute")
        expect({a.get("Name") for a in attributes} == set(reference.fields), "fields")
        for attribute in attributes:
            slab, data = attribute.find("DataItem").findall("DataItem")
            rows = np.array(slab.text.split(), dtype=int).reshape(3, -1)
            name, dataset = data.text.strip().split(":")
            expect(name == "frames.h5", "file", name)
            whole = tuple(map(int, data.get("Dimensions").split()))
            with h5py.File(path, "r") as f:
                expect(f[dataset].shape == whole, "shape", whole)
                index = tuple(slice(b, b + n * s, s) for b, s, n in rows.T)
                cells = f[dataset][index][0]
            expect(shape == tuple(n + 1 for n in cells.shape), "topology", shape)
            same(cells, reference.fields[attribute.get("Name")][number], dataset)


def main():
    tool, directory = sys.argv[1], sys.argv[2]
    path = os.path.join(directory, "frames.h5")
    reference = Reference(path)
    expect(len(reference.step) > 0, "no frames")
    if tool == "h5py":
        check_h5py(path, reference, "--sample" in sys.argv)
    elif tool in ("h5netcdf", "netcdf4"):
        check_xarray(path, reference, tool)
    else:
        {"ncdump": check_ncdump, "h5dump": check_h5dump, "vtk": check_vtk,
         "xdmf": check_xdmf}[tool](path, reference)
    print(f"{tool}: {len(reference.step)} frames of {', '.join(reference.fields)} as written")


main()
