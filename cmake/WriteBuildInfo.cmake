# Run by cmake -P: writes OUTPUT from src/core/build_info.cpp.in with the checkout's revision.
set(MORPHOGEN_REVISION "unknown")
find_package(Git QUIET)
if(GIT_FOUND AND EXISTS "${SOURCE_DIR}/.git")
    execute_process(COMMAND "${GIT_EXECUTABLE}" -C "${SOURCE_DIR}" describe --always --dirty --abbrev=12 --exclude=*
                    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
    if(status EQUAL 0 AND revision)
        set(MORPHOGEN_REVISION "${revision}")
    endif()
endif()
configure_file("${SOURCE_DIR}/src/core/build_info.cpp.in" "${OUTPUT}" @ONLY)
