# cmake --install: the program, the library with its package for find_package(morphogen), configurations, job scripts.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(modules GLOBAL PROPERTY MORPHOGEN_MODULES)
list(TRANSFORM modules PREPEND morphogen_ OUTPUT_VARIABLE targets)
install(TARGETS ${targets} EXPORT morphogen-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(TARGETS morphogen RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/morphogen" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp")

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/morphogen")
install(EXPORT morphogen-targets NAMESPACE morphogen:: DESTINATION "${package}")
string(REPLACE ";" " " MORPHOGEN_MODULE_NAMES "${modules}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/morphogen-config.cmake.in"
    "${PROJECT_BINARY_DIR}/morphogen-config.cmake" INSTALL_DESTINATION "${package}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/morphogen-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/morphogen-config.cmake" "${PROJECT_BINARY_DIR}/morphogen-config-version.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/MorphogenHdf5.cmake" DESTINATION "${package}")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/configs" "${PROJECT_SOURCE_DIR}/slurm" "${PROJECT_SOURCE_DIR}/examples"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/morphogen" USE_SOURCE_PERMISSIONS PATTERN "*.pyc" EXCLUDE PATTERN "__pycache__" EXCLUDE)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
