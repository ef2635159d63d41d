target_link_libraries(${target} PRIVATE PNG::PNG)
