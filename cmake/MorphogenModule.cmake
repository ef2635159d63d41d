# morphogen_module(NAME [SOURCES ...] [PUBLIC targets] [PRIVATE targets]): the library of one module, src/NAME/*.cpp
# unless SOURCES says otherwise.
# Modules are listed in dependency order in src/CMakeLists.txt; a module links only what it may include.
function(morphogen_module name)
    cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    if(NOT arg_SOURCES)
        file(GLOB arg_SOURCES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp")
    endif()
    set(target morphogen_${name})
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES})
        set(scope PUBLIC)
        target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")
        target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:morphogen_flags>)
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif()
    add_library(morphogen::${name} ALIAS ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    target_include_directories(${target} ${scope}
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_compile_features(${target} ${scope} cxx_std_20)
    target_link_libraries(${target} ${scope} ${arg_PUBLIC})
    if(arg_PRIVATE AND arg_SOURCES)
        target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
        # The plain builds go without, so that a file that forgets one of these is found.
        if(MORPHOGEN_SANITIZE AND "fmt::fmt" IN_LIST arg_PRIVATE)
            target_precompile_headers(${target} PRIVATE <fmt/format.h> <algorithm> <exception> <filesystem> <functional>
                <map> <memory> <optional> <set> <span> <string> <string_view> <vector>)
        endif()
    endif()
    set_property(GLOBAL APPEND PROPERTY MORPHOGEN_MODULES ${name})
endfunction()
