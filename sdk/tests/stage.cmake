# Installs the SDK, and only it, into an empty prefix.
file(REMOVE_RECURSE ${STAGE})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${STAGE} COMMAND_ERROR_IS_FATAL ANY)
foreach(file include/pinion/plugin.h include/pinion/cpp/plugin.hpp include/pinion/testing/fake_host.hpp
        share/pinion/contracts/topics.v1.json share/cmake/PinionSDK/PinionSDKConfigVersion.cmake
        share/cmake/PinionSDK/pinion_plugin.map share/pkgconfig/pinion-sdk.pc)
  if(NOT EXISTS ${STAGE}/${file})
    message(FATAL_ERROR "the staged SDK has no ${file}")
  endif()
endforeach()
