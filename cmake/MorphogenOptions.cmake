# What a person may choose at configure time; everything else follows from the compiler found.
option(MORPHOGEN_BUILD_TESTS "Build the tests" ON)
option(MORPHOGEN_UNITY_TESTS "Compile a module's unit tests as a few large files: quicker anew, slower after each change" OFF)
option(MORPHOGEN_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" OFF)
option(MORPHOGEN_KERNEL_ONLY "Build only core, parallel and kernel: no HDF5, no MPI (cross-compiling)" OFF)
option(MORPHOGEN_CONTRACTS "Check internal contracts (on by default in Debug builds)" OFF)
option(MORPHOGEN_BENCH_TBB "Let `bench join` compare with oneTBB, if it is there" ON)
option(MORPHOGEN_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(MORPHOGEN_SANITIZE "" CACHE STRING "Sanitizers, e.g. 'address,undefined' or 'thread'; empty for none")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

# One interface target carries the flags of every target of the project.
add_library(morphogen_flags INTERFACE)
target_compile_options(morphogen_flags INTERFACE
    -Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    # GCC contracts a*b+c by default: vector body, tail and border would then round differently.
    -ffp-contract=off -fno-math-errno -fno-trapping-math)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # At -O3 these see overlaps and overruns inside std::string and std::vector that are not there (GCC bugs 105651,
    # 105762); the sanitizers find the real ones.
    target_compile_options(morphogen_flags INTERFACE 
        -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
# Several files as one: what another file has is no shadow, and what is in a .cpp file is in a file that is included.
set(unity "$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>")
target_compile_options(morphogen_flags INTERFACE
    $<${unity}:-Wno-shadow> $<$<AND:${unity},$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)
if(MORPHOGEN_WARNINGS_AS_ERRORS)
    target_compile_options(morphogen_flags INTERFACE -Werror)
endif()
if(MORPHOGEN_CONTRACTS)
    target_compile_definitions(morphogen_flags INTERFACE MORPHOGEN_CONTRACTS=1)
else()
    target_compile_definitions(morphogen_flags INTERFACE $<$<CONFIG:Debug>:MORPHOGEN_CONTRACTS=1>)
endif()
if(MORPHOGEN_SANITIZE)
    target_compile_options(morphogen_flags INTERFACE
        -fsanitize=${MORPHOGEN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(morphogen_flags INTERFACE -fsanitize=${MORPHOGEN_SANITIZE})
endif()
