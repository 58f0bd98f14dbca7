# pinion_add_plugin(NAME SOURCES file... [LIBS library...]): the only way to make a plugin, in the tree and outside.
# A MODULE that exports one symbol, sees nothing of the daemon's, and cannot be linked with something missing. C sources
# get the C headers, any other source the C++ wrapper too. The daemon looks for NAME.so.
function(pinion_add_plugin name)
  cmake_parse_arguments(PLUGIN "" "" "SOURCES;LIBS" ${ARGN})
  if(NOT PLUGIN_SOURCES)
    message(FATAL_ERROR "pinion_add_plugin(${name}): give its SOURCES")
  endif()
  if(PLUGIN_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pinion_add_plugin(${name}): \"${PLUGIN_UNPARSED_ARGUMENTS}\" is neither SOURCES nor LIBS")
  endif()
  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/pinion_plugin.map)
  add_library(${name} MODULE ${PLUGIN_SOURCES})
  set(beyond_c ${PLUGIN_SOURCES})
  list(FILTER beyond_c EXCLUDE REGEX "\\.[ch]$")
  if(beyond_c)
    target_link_libraries(${name} PRIVATE Pinion::cpp)
  endif()
  target_link_libraries(${name} PRIVATE Pinion::sdk ${PLUGIN_LIBS})
  set_target_properties(${name} PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${map})
  target_link_options(${name} PRIVATE -Wl,--version-script=${map} -Wl,-z,now)
  # Clang leaves a sanitizer's own functions to the program.
  if(NOT ("${CMAKE_C_COMPILER_ID} ${CMAKE_CXX_COMPILER_ID}" MATCHES "Clang" AND
          "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize="))
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  if(PINION_PLUGIN_OUTPUT)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PINION_PLUGIN_OUTPUT})
  endif()
endfunction()
