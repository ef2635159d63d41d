# examples/cpp, copied out of the installation, built against it, run.
file(REMOVE_RECURSE "${WORK}")
file(COPY "${PREFIX}/share/morphogen/examples/cpp" DESTINATION "${WORK}")
execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${WORK}/cpp" -B "${WORK}/build" -G Ninja -DCMAKE_BUILD_TYPE=Release
            "-DCMAKE_PREFIX_PATH=${PREFIX}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_C_COMPILER=${CC}"
            "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/build" COMMAND_ERROR_IS_FATAL ANY)
file(GLOB sources "${WORK}/cpp/*.cpp")
if(NOT sources)
    message(FATAL_ERROR "the installation has no examples")
endif()
foreach(source IN LISTS sources)
    get_filename_component(program "${source}" NAME_WE)
    execute_process(COMMAND "${WORK}/build/${program}" WORKING_DIRECTORY "${WORK}" TIMEOUT 60 COMMAND_ERROR_IS_FATAL ANY)
endforeach()
