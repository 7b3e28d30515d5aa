# WebAssembly through Debian's Emscripten: base to client, with libsodium and zstd from tools/cross_deps.

get_filename_component(THETA_WASM_DEPS "${CMAKE_CURRENT_LIST_DIR}/../../build/deps/wasm" ABSOLUTE)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES THETA_CROSS_DEPS_BUILD)
if(NOT EXISTS "${THETA_WASM_DEPS}/complete" AND NOT THETA_CROSS_DEPS_BUILD)
  message(FATAL_ERROR "libsodium and zstd are not built for WebAssembly yet: run tools/cross_deps wasm, "
    "or ./dev build wasm, which does it first.")
endif()

# Emscripten's optimizer is a Node program that finds its parser nowhere else. The variable is for the configuring
# here; the launcher is for the build, which has its own environment.
set(THETA_NODE_PATH /usr/share/nodejs)
set(ENV{NODE_PATH} "${THETA_NODE_PATH}")
set(CMAKE_C_LINKER_LAUNCHER "${CMAKE_COMMAND};-E;env;NODE_PATH=${THETA_NODE_PATH}")
set(CMAKE_CXX_LINKER_LAUNCHER "${CMAKE_COMMAND};-E;env;NODE_PATH=${THETA_NODE_PATH}")

include(/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake)

# The unit tests run natively; what runs under Node is the comparison of recorded logs.
set(THETA_BUILD_TESTS OFF CACHE BOOL "Build the tests")

# Only what tools/cross_deps put there is for this machine; /usr/include is not, but for the header-only libraries that
# it links to.
list(APPEND CMAKE_FIND_ROOT_PATH "${THETA_WASM_DEPS}")
set(THETA_SODIUM_LIBRARY "${THETA_WASM_DEPS}/lib/libsodium.a" CACHE FILEPATH "")
set(THETA_SODIUM_INCLUDE "${THETA_WASM_DEPS}/include" CACHE PATH "")
set(THETA_ZSTD_LIBRARY "${THETA_WASM_DEPS}/lib/libzstd.a" CACHE FILEPATH "")
set(THETA_ZSTD_INCLUDE "${THETA_WASM_DEPS}/include" CACHE PATH "")
set(THETA_TL_EXPECTED_INCLUDE "${THETA_WASM_DEPS}/include" CACHE PATH "")
set(THETA_FLATBUFFERS_INCLUDE "${THETA_WASM_DEPS}/include" CACHE PATH "")
set(THETA_BOOST_INCLUDE "${THETA_WASM_DEPS}/include" CACHE PATH "")
set(THETA_NLOHMANN_INCLUDE "${THETA_WASM_DEPS}/include" CACHE PATH "")
set(THETA_TINYGLTF_INCLUDE "${THETA_WASM_DEPS}/include" CACHE PATH "")

# Link options for a program that runs under Node: target_link_options(x PRIVATE ${THETA_NODE_PROGRAM_OPTIONS}).
set(THETA_NODE_PROGRAM_OPTIONS "SHELL:--pre-js ${CMAKE_CURRENT_LIST_DIR}/node_wasm_binary.js"
  "SHELL:-s ALLOW_MEMORY_GROWTH=1" "SHELL:-s EXIT_RUNTIME=1" "SHELL:-s NODERAWFS=1")
