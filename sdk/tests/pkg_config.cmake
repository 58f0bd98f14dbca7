# The C example by one compiler call with the flags of pinion-sdk.pc.
include(${CMAKE_CURRENT_LIST_DIR}/one_symbol.cmake)
set(ENV{PKG_CONFIG_PATH} ${STAGE}/share/pkgconfig)
execute_process(COMMAND ${PKG_CONFIG} --cflags --libs pinion-sdk OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
cmake_path(GET OUTPUT PARENT_PATH folder)
file(MAKE_DIRECTORY ${folder})
execute_process(COMMAND ${C_COMPILER} -std=c99 ${SOURCE} ${flags} -o ${OUTPUT} COMMAND_ERROR_IS_FATAL ANY)
one_symbol(${OUTPUT})
