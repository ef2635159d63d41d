# Tests that run as several ranks. The launcher is told what it needs by the environment, which other MPI libraries ignore:
# more ranks than cores, not bound, waiting ranks give up the core, root allowed (containers), no copies that containers forbid.
set(MORPHOGEN_MPI_ENVIRONMENT
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_io=^ompio
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl_vader_single_copy_mechanism=none
    # What the last line is called in Open MPI 5, which is to be silent about routes within the machine, too.
    PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none
    OMPI_MCA_smsc=^cma OMPI_MCA_reachable=weighted
    OMP_WAIT_POLICY=passive)
if(MORPHOGEN_SANITIZE MATCHES "address")
    # Open MPI keeps memory until the end of the process, and its plugins are unloaded before LeakSanitizer looks, with their
    # thread-local storage, over which it crashes (three ranks, every time): it must not look there, where libgomp and the
    # loader keep what they have.
    list(APPEND MORPHOGEN_MPI_ENVIRONMENT
        "LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_LIST_DIR}/openmpi.lsan:print_suppressions=0:fast_unwind_on_malloc=0:use_tls=0")
endif()

add_library(morphogen_mpi_test_support STATIC "${CMAKE_CURRENT_LIST_DIR}/catch_mpi_main.cpp")
target_link_libraries(morphogen_mpi_test_support PUBLIC morphogen_catch_session morphogen::mpi PRIVATE MPI::MPI_C)

# morphogen_mpi_test(NAME RANKS n... COMMAND program|target [argument...] [LABELS label...] [TIMEOUT seconds]):
# one ctest "NAME (n ranks)" for each n.
function(morphogen_mpi_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "RANKS;COMMAND;LABELS" ${ARGN})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT ${MORPHOGEN_TEST_TIMEOUT})
    endif()
    list(POP_FRONT arg_COMMAND program)
    if(TARGET ${program})
        set(program $<TARGET_FILE:${program}>)
    endif()
    foreach(ranks IN LISTS arg_RANKS)
        add_test(NAME "${name} (${ranks} ranks)"
            COMMAND "${MPIEXEC_EXECUTABLE}" ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS}
                "${program}" ${MPIEXEC_POSTFLAGS} ${arg_COMMAND})
        set_tests_properties("${name} (${ranks} ranks)" PROPERTIES
            TIMEOUT ${arg_TIMEOUT} LABELS "mpi;${arg_LABELS}" PROCESSORS ${ranks}
            ENVIRONMENT "${MORPHOGEN_MPI_ENVIRONMENT};${MORPHOGEN_TEST_ENVIRONMENT}")
    endforeach()
endfunction()

# morphogen_mpi_program(TARGET SOURCES file... [LIBRARIES ...]): a Catch2 program for morphogen_mpi_test; each rank runs every case.
function(morphogen_mpi_program target)
    cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE morphogen_mpi_test_support ${arg_LIBRARIES})
endfunction()
