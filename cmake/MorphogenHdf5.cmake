# The target morphogen_hdf5: the parallel HDF5 with its high-level library, and MPI. Used by the project and by the
# installed package, so that both link the same.
# layout = "shared" needs the parallel flavour; FindHDF5 finds it through h5pcc, whatever it is called here.
set(HDF5_PREFER_PARALLEL ON)
if(CMAKE_FIND_PACKAGE_NAME)
    find_dependency(MPI 3.0 COMPONENTS C)
    find_dependency(HDF5 1.10.2 COMPONENTS C HL)
else()
    find_package(MPI 3.0 REQUIRED COMPONENTS C)
    find_package(HDF5 1.10.2 REQUIRED COMPONENTS C HL)
endif()
# MPI's C++ bindings were removed from the standard, and need a library of their own: C++ must not see them.
set_property(TARGET MPI::MPI_C APPEND PROPERTY
    INTERFACE_COMPILE_DEFINITIONS OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
if(NOT HDF5_IS_PARALLEL)
    message(FATAL_ERROR "HDF5 at ${HDF5_INCLUDE_DIRS} was built without MPI. "
        "Install the parallel flavour (Debian: libhdf5-openmpi-dev; modules: hdf5-mpi or phdf5) "
        "or point HDF5_ROOT at one.")
endif()
if(NOT TARGET morphogen_hdf5)
    # Imported: what links it is exported with its name, and the package makes it anew where it is used.
    add_library(morphogen_hdf5 INTERFACE IMPORTED)
    target_include_directories(morphogen_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
    target_link_libraries(morphogen_hdf5 INTERFACE ${HDF5_C_HL_LIBRARIES} ${HDF5_C_LIBRARIES} MPI::MPI_C)
    # The 1.10 interface, also when built against a newer library.
    target_compile_definitions(morphogen_hdf5 INTERFACE H5_USE_110_API)
endif()
