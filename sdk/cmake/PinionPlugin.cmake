# pinion_add_plugin(NAME SOURCES file... [LIBS library...]): the only way to make a plugin, in the tree and outside.
# A MODULE that exports one symbol, sees nothing of the daemon's, and cannot be linked with something missing.


function(pinion_add_plugin name)
  set(PINION_PLUGIN_MAP ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/pinion_plugin.map)
  cmake_parse_arguments(PLUGIN "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} MODULE ${PLUGIN_SOURCES})
  target_link_libraries(${name} PRIVATE pinion_sdk ${PLUGIN_LIBS})
  set_target_properties(${name} PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${PINION_PLUGIN_MAP})
  target_link_options(${name} PRIVATE -Wl,--version-script=${PINION_PLUGIN_MAP} -Wl,-z,defs -Wl,-z,now)
  if(PINION_PLUGIN_OUTPUT)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PINION_PLUGIN_OUTPUT})
  endif()
endfunction()
