# Every dependency is a system package; nothing is downloaded. Versions are checked, distributions are not.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenMP 4.5 REQUIRED COMPONENTS CXX)
find_package(Eigen3 3.3 REQUIRED NO_MODULE)
if(MORPHOGEN_KERNEL_ONLY)
    return()
endif()

find_package(PkgConfig REQUIRED)
find_package(fmt 7 REQUIRED)
find_package(spdlog 1.5 REQUIRED)
find_package(PNG REQUIRED)
# The C interface alone: MPI's C++ bindings were removed from the standard.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI 3.0 REQUIRED COMPONENTS C)

# layout = "shared" needs the parallel HDF5; FindHDF5 finds it through h5pcc, whatever it is called here.
set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 1.10.2 REQUIRED COMPONENTS C HL)
if(NOT HDF5_IS_PARALLEL)
    message(FATAL_ERROR "HDF5 at ${HDF5_INCLUDE_DIRS} was built without MPI. "
        "Install the parallel flavour (Debian: libhdf5-openmpi-dev; modules: hdf5-mpi or phdf5) "
        "or point HDF5_ROOT at one.")
endif()
add_library(morphogen_hdf5 INTERFACE)
target_include_directories(morphogen_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(morphogen_hdf5 INTERFACE ${HDF5_C_HL_LIBRARIES} ${HDF5_C_LIBRARIES} MPI::MPI_C)
# The 1.10 interface, also when built against a newer library.
target_compile_definitions(morphogen_hdf5 INTERFACE H5_USE_110_API)

pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal>=2.30)
pkg_check_modules(LIBDEFLATE REQUIRED IMPORTED_TARGET libdeflate>=1.8)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd>=1.4)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4>=1.9)
pkg_check_modules(LIBURING REQUIRED IMPORTED_TARGET liburing>=0.7)
pkg_check_modules(CLI11 REQUIRED IMPORTED_TARGET CLI11>=2.0)
find_package(tomlplusplus 3.0 QUIET)
if(NOT tomlplusplus_FOUND)
    pkg_check_modules(TOMLPP REQUIRED IMPORTED_TARGET tomlplusplus>=3.0)
    add_library(tomlplusplus::tomlplusplus ALIAS PkgConfig::TOMLPP)
endif()
