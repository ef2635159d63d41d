target_compile_definitions(${target} PRIVATE MORPHOGEN_CONFIGS="${PROJECT_SOURCE_DIR}/configs")
