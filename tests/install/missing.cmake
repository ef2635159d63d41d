# find_package names a module that does not exist, and says what a project without the C language lacks.
function(expect_failure name project text)
    set(folder "${WORK}-${name}")
    file(REMOVE_RECURSE "${folder}")
    file(WRITE "${folder}/CMakeLists.txt" "cmake_minimum_required(VERSION 3.22)\n${project}\n")
    execute_process(
        COMMAND "${CMAKE_COMMAND}" -S "${folder}" -B "${folder}/build" -G Ninja "-DCMAKE_PREFIX_PATH=${PREFIX}"
                "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_C_COMPILER=${CC}"
        RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    string(REGEX REPLACE "[ \n]+" " " output "${output}") # CMake wraps its messages
    if(status EQUAL 0 OR NOT output MATCHES "${text}")
        message(SEND_ERROR "${name}: expected a failure that says '${text}', got ${status}: ${output}")
    endif()
endfunction()
expect_failure(no-such-module "project(t LANGUAGES C CXX)\nfind_package(morphogen REQUIRED COMPONENTS sculpture)"
               "no module .sculpture.")
expect_failure(no-c-language "project(t LANGUAGES CXX)\nfind_package(morphogen REQUIRED)" "LANGUAGES C CXX")
