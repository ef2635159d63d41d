# Catch2 2.13 and 3 both work: tests include "catch.hpp" of this folder.
# Catch2 3 says that it is not compatible with a request for 2.
find_package(Catch2 3 QUIET)
if(NOT Catch2_FOUND)
    find_package(Catch2 2.13 REQUIRED)
endif()
include(Catch)
set(MORPHOGEN_TEST_SUPPORT "${CMAKE_CURRENT_LIST_DIR}")
set(MORPHOGEN_TEST_TIMEOUT 120) # seconds: a hang is a failure

# NAME=VALUE that every test runs with: set_tests_properties(... ENVIRONMENT "${MORPHOGEN_TEST_ENVIRONMENT}").
# Tests run side by side with teams larger than the machine: threads that spin at barriers would hold up the others.
set(MORPHOGEN_TEST_ENVIRONMENT "OMP_WAIT_POLICY=passive")
if(MORPHOGEN_SANITIZE MATCHES "thread")
    # Archer tells ThreadSanitizer about OpenMP's barriers and joins; the runtime itself, which is not instrumented, must
    # not be looked at. Without the two, every region is reported.
    get_filename_component(openmp_folder "${OpenMP_omp_LIBRARY}" DIRECTORY)
    file(GLOB llvm_folders /usr/lib/llvm-*/lib /usr/lib64/llvm*/lib*)
    find_library(MORPHOGEN_ARCHER archer HINTS "${openmp_folder}" PATHS ${llvm_folders})
    if(NOT MORPHOGEN_ARCHER)
        message(FATAL_ERROR "libarcher.so was not found; ThreadSanitizer needs it with OpenMP. "
            "Install LLVM's OpenMP runtime (Debian: libomp-14-dev) or set MORPHOGEN_ARCHER.")
    endif()
    list(APPEND MORPHOGEN_TEST_ENVIRONMENT
        "OMP_TOOL_LIBRARIES=${MORPHOGEN_ARCHER}" "TSAN_OPTIONS=ignore_noninstrumented_modules=1")
endif()

# morphogen_test_environment(TARGET): that environment for the tests that catch_discover_tests() finds in TARGET, which
# takes properties of one value only.
function(morphogen_test_environment target)
    if(MORPHOGEN_TEST_ENVIRONMENT)
        set(script "${CMAKE_CURRENT_BINARY_DIR}/${target}_environment.cmake")
        file(WRITE "${script}" "if(${target}_TESTS)\n"
            "    set_tests_properties(\${${target}_TESTS} PROPERTIES ENVIRONMENT \"${MORPHOGEN_TEST_ENVIRONMENT}\")\n"
            "endif()\n")
        set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${script}")
    endif()
endfunction()

add_library(morphogen_catch_session STATIC "${MORPHOGEN_TEST_SUPPORT}/catch_session.cpp")
target_include_directories(morphogen_catch_session PUBLIC "${MORPHOGEN_TEST_SUPPORT}")
target_link_libraries(morphogen_catch_session PUBLIC morphogen_flags Catch2::Catch2)
if(MORPHOGEN_SANITIZE) # it is not what is tested, and takes a minute with them
    target_compile_options(morphogen_catch_session PRIVATE -O0 -fno-sanitize=all)
endif()

add_library(morphogen_test_support STATIC "${MORPHOGEN_TEST_SUPPORT}/catch_main.cpp")
target_link_libraries(morphogen_test_support PUBLIC morphogen_catch_session morphogen::core)
if(MORPHOGEN_SANITIZE) # for what sanitizers cannot run, or run too slowly
    target_compile_definitions(morphogen_test_support INTERFACE MORPHOGEN_TEST_SANITIZED=1)
else()
    target_compile_definitions(morphogen_test_support INTERFACE MORPHOGEN_TEST_SANITIZED=0)
endif()
target_precompile_headers(morphogen_test_support INTERFACE "${MORPHOGEN_TEST_SUPPORT}/catch.hpp")

# morphogen_unit_tests(MODULE [LIBRARIES ...]): tests/unit/MODULE/*.test.cpp as one program, each case a ctest.
function(morphogen_unit_tests module)
    cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/unit/${module}/*.test.cpp")
    if(NOT sources)
        return()
    endif()
    set(target test_${module})
    add_executable(${target} ${sources})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")
    if(MORPHOGEN_UNITY_TESTS)
        set_target_properties(${target} PROPERTIES UNITY_BUILD ON DISABLE_PRECOMPILE_HEADERS ON)
    endif()
    target_link_libraries(${target} PRIVATE morphogen::${module} morphogen_test_support ${arg_LIBRARIES})
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/unit/${module}/tests.cmake")
        include("${CMAKE_CURRENT_SOURCE_DIR}/unit/${module}/tests.cmake") # extra libraries or options of ${target}
    endif()
    catch_discover_tests(${target} TEST_PREFIX "${module}: "
        PROPERTIES TIMEOUT ${MORPHOGEN_TEST_TIMEOUT} LABELS unit DISCOVERY_TIMEOUT 60)
    morphogen_test_environment(${target})
endfunction()
