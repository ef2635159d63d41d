# The git revision goes into one generated source, remade at every build, rewritten only when it changed.
set(MORPHOGEN_BUILD_INFO "${PROJECT_BINARY_DIR}/generated/build_info.cpp")
set(script "${PROJECT_SOURCE_DIR}/cmake/WriteBuildInfo.cmake")
set(command ${CMAKE_COMMAND}
    -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DOUTPUT=${MORPHOGEN_BUILD_INFO}
    -DPROJECT_VERSION=${PROJECT_VERSION} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
    -DCMAKE_CXX_COMPILER_ID=${CMAKE_CXX_COMPILER_ID} -DCMAKE_CXX_COMPILER_VERSION=${CMAKE_CXX_COMPILER_VERSION}
    -P "${script}")
execute_process(COMMAND ${command})
add_custom_target(morphogen_revision COMMAND ${command} BYPRODUCTS "${MORPHOGEN_BUILD_INFO}")
