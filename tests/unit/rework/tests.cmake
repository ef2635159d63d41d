target_link_libraries(${target} PRIVATE PNG::PNG)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    # It does not see that a std::optional destroys only what it holds (GCC bug 80635).
    set_source_files_properties("${CMAKE_CURRENT_SOURCE_DIR}/unit/rework/convert_groups.test.cpp" PROPERTIES
        COMPILE_OPTIONS -Wno-maybe-uninitialized)
endif()
# It replaces operator new: a compiler that sees that beside other code takes its free() for a mistake.
set_source_files_properties("${CMAKE_CURRENT_LIST_DIR}/out_of_memory.test.cpp" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
