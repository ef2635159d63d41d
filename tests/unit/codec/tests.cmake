# Stock HDF5 is the judge of what is written here and the source of what is read.
target_link_libraries(${target} PRIVATE morphogen_hdf5 PkgConfig::ZSTD PkgConfig::LZ4 PkgConfig::LIBDEFLATE)
