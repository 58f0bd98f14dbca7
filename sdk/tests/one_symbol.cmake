# one_symbol(FILE): the plugin exports the entry and nothing else.
function(one_symbol file)
  execute_process(COMMAND ${NM} -D --defined-only --format=posix ${file} OUTPUT_VARIABLE symbols
    COMMAND_ERROR_IS_FATAL ANY)
  if(NOT symbols MATCHES "^pinion_plugin_entry_v1 [^\n]*\n$")
    message(FATAL_ERROR "${file} exports something else than the entry:\n${symbols}")
  endif()
endfunction()
