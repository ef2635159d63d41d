# What an installation holds.
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}" COMMAND_ERROR_IS_FATAL ANY
                OUTPUT_QUIET)
foreach(file bin/morphogen include/morphogen/core/error.hpp include/morphogen/parallel/spsc_ring.hpp
        share/morphogen/examples/cpp/CMakeLists.txt share/morphogen/configs share/morphogen/slurm
        share/doc/morphogen/LICENSE share/doc/morphogen/README.md)
    if(NOT EXISTS "${PREFIX}/${file}")
        message(SEND_ERROR "not installed: ${file}")
    endif()
endforeach()
# Nothing installed may name the tree it was built in.
file(GLOB_RECURSE packages "${PREFIX}/*.cmake")
foreach(file IN LISTS packages)
    file(READ "${file}" text)
    string(FIND "${text}" "${SOURCE}" place)
    if(NOT place EQUAL -1)
        message(SEND_ERROR "${file} names the source tree ${SOURCE}")
    endif()
endforeach()
