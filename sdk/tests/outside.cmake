# Configures, builds and (TESTING) tests an example as a project of its own, with nothing of this tree but the given prefix.
include(${CMAKE_CURRENT_LIST_DIR}/one_symbol.cmake)
file(REMOVE_RECURSE ${BUILD})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${PREFIX}
  -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
  -DBUILD_TESTING=${TESTING} -DCMAKE_C_FLAGS=${C_FLAGS} -DCMAKE_CXX_FLAGS=${CXX_FLAGS} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} COMMAND_ERROR_IS_FATAL ANY)
if(TESTING)
  execute_process(COMMAND ${CMAKE_CTEST_COMMAND} --output-on-failure --no-tests=error WORKING_DIRECTORY ${BUILD}
    COMMAND_ERROR_IS_FATAL ANY)
endif()
file(GLOB plugins ${BUILD}/*.so)
if(NOT plugins)
  message(FATAL_ERROR "${SOURCE} made no plugin")
endif()
foreach(plugin ${plugins})
  one_symbol(${plugin})
endforeach()
