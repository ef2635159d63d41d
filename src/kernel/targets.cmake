# The loops over cells are compiled once per instruction set and chosen at run time. Only these sources get the flags:
# what they call is either theirs alone or a plain library function.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    set_source_files_properties(kernel/kernel_avx2.cpp PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
    set_source_files_properties(kernel/kernel_avx512.cpp PROPERTIES
        # GCC 12 warns inside its own header: its PR 105593.
        COMPILE_OPTIONS "-mavx512f;-mavx512vl;-mavx512dq;-mavx512bw;-mfma;-Wno-uninitialized;$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>")
endif()
# Each has the same names for its own instruction set.
set_source_files_properties(kernel/kernel_baseline.cpp kernel/kernel_avx2.cpp kernel/kernel_avx512.cpp kernel/kernel_neon.cpp
    PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
if(MORPHOGEN_SANITIZE) # its tests compute more than all others: what optimising takes, they give back
    target_compile_options(morphogen_kernel PRIVATE -O2)
endif()
