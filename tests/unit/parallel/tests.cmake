# It replaces operator new: a compiler that sees that beside other code takes its free() for a mistake.
set_source_files_properties("${CMAKE_CURRENT_LIST_DIR}/join_allocation.test.cpp" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

# GNU's OpenMP runtime binds the main thread before main: what is left must not be taken for all the process has.
foreach(binding true close)
    set(test "parallel: OMP_PROC_BIND=${binding} leaves the process its cores")
    add_test(NAME "${test}"
        # A comma alone would begin another pattern; Catch2 2 takes it well when none matches.
        COMMAND ${target} "the process's cores are those of its parent\\, whatever OpenMP binds")
    set_tests_properties("${test}" PROPERTIES LABELS unit TIMEOUT 60 FAIL_REGULAR_EXPRESSION "No tests? ran"
        ENVIRONMENT "${MORPHOGEN_TEST_ENVIRONMENT};OMP_PROC_BIND=${binding}")
endforeach()

# The control of the ThreadSanitizer runs: a race that must be reported, and the same work without one that must not be.
if(MORPHOGEN_SANITIZE MATCHES "thread")
    add_executable(planted_race "${CMAKE_CURRENT_LIST_DIR}/planted_race.cpp")
    target_link_libraries(planted_race PRIVATE morphogen_flags morphogen::parallel OpenMP::OpenMP_CXX Threads::Threads)
    target_compile_features(planted_race PRIVATE cxx_std_20)
    add_dependencies(${target} planted_race) # whoever builds the tests has the control
    foreach(kind thread openmp range)
        add_test(NAME "parallel: a planted race is reported: ${kind}" COMMAND planted_race ${kind})
        set_tests_properties("parallel: a planted race is reported: ${kind}" PROPERTIES
            PASS_REGULAR_EXPRESSION "ThreadSanitizer: data race")
        add_test(NAME "parallel: no race is reported where none is: ${kind}"
            COMMAND planted_race clean-${kind})
        foreach(test "a planted race is reported" "no race is reported where none is")
            set_tests_properties("parallel: ${test}: ${kind}" PROPERTIES
                LABELS unit TIMEOUT 60 ENVIRONMENT "${MORPHOGEN_TEST_ENVIRONMENT}")
        endforeach()
    endforeach()
endif()

# An overlap planted in a parallel range ends a program that has contracts.
if(MORPHOGEN_CONTRACTS)
    add_executable(planted_overlap "${CMAKE_CURRENT_LIST_DIR}/planted_overlap.cpp")
    target_link_libraries(planted_overlap PRIVATE morphogen_flags morphogen::parallel)
    add_dependencies(${target} planted_overlap)
    foreach(kind range zip)
        set(test "parallel: a planted overlap is caught: ${kind}")
        add_test(NAME "${test}" COMMAND planted_overlap ${kind})
        set_tests_properties("${test}" PROPERTIES PASS_REGULAR_EXPRESSION "contract violated")
        add_test(NAME "${test}, and only that" COMMAND planted_overlap clean-${kind})
        foreach(name "${test}" "${test}, and only that")
            set_tests_properties("${name}" PROPERTIES
                LABELS unit TIMEOUT 60 ENVIRONMENT "${MORPHOGEN_TEST_ENVIRONMENT}")
        endforeach()
    endforeach()
endif()
