# The installed program runs where it is and says its version.
execute_process(COMMAND "${PREFIX}/bin/morphogen" --version OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(FIND "${text}" "${VERSION}" place)
if(place EQUAL -1)
    message(SEND_ERROR "morphogen --version does not say ${VERSION}: ${text}")
endif()
