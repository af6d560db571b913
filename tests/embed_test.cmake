# Installs tpuc into a folder of its own, builds examples/embed against it as an outside project would, and runs the result.
#   cmake -DBUILD=<build folder> -DEXAMPLES=<examples> -DWORK=<scratch folder> -DCXX=<compiler> -P embed_test.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  message("${out}")
  if(code)
    message(FATAL_ERROR "exit code ${code}: ${ARGN}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${EXAMPLES}/embed -B ${WORK}/embed -G Ninja -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/embed)
run(${WORK}/embed/embed ${EXAMPLES}/shapes/shapes.onnx ${WORK}/shapes.bmodel)
run(${WORK}/prefix/bin/tpuc info ${WORK}/shapes.bmodel)
