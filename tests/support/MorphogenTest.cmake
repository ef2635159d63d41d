# Catch2 2.13 and 3 both work: tests include "catch.hpp" of this folder.
find_package(Catch2 2.13 REQUIRED)
include(Catch)
set(MORPHOGEN_TEST_SUPPORT "${CMAKE_CURRENT_LIST_DIR}")
set(MORPHOGEN_TEST_TIMEOUT 120) # seconds: a hang is a failure

add_library(morphogen_test_support STATIC "${MORPHOGEN_TEST_SUPPORT}/catch_main.cpp")
target_include_directories(morphogen_test_support PUBLIC "${MORPHOGEN_TEST_SUPPORT}")
target_link_libraries(morphogen_test_support PUBLIC morphogen_flags Catch2::Catch2 morphogen::core)
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
    target_link_libraries(${target} PRIVATE morphogen::${module} morphogen_test_support ${arg_LIBRARIES})
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/unit/${module}/tests.cmake")
        include("${CMAKE_CURRENT_SOURCE_DIR}/unit/${module}/tests.cmake") # extra libraries or options of ${target}
    endif()
    catch_discover_tests(${target} TEST_PREFIX "${module}: "
        PROPERTIES TIMEOUT ${MORPHOGEN_TEST_TIMEOUT} LABELS unit DISCOVERY_TIMEOUT 60)
endfunction()
