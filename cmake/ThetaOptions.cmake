# Compiler settings that hold for every target.

option(THETA_BUILD_TESTS "Build the tests" ON)
set(THETA_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, comma separated")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(THETA_CCACHE ccache)
if(THETA_CCACHE AND NOT EMSCRIPTEN)
  set(CMAKE_C_COMPILER_LAUNCHER "${THETA_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${THETA_CCACHE}")
endif()

# Replicated state is computed with f32 arithmetic that x86-64, ARM64 and WebAssembly must agree on, so no
# contraction into fused multiply-add and no fast-math anywhere.
add_compile_options(-ffp-contract=off -fno-fast-math)

if(THETA_SANITIZE)
  add_compile_options("-fsanitize=${THETA_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options("-fsanitize=${THETA_SANITIZE}")
endif()

if(EMSCRIPTEN)
  add_compile_options(-fwasm-exceptions)
  add_link_options(-fwasm-exceptions)
endif()

# Warnings are for our own targets; theta_module() and theta_tests() link this.
add_library(theta_warnings INTERFACE)
target_compile_options(theta_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wunused -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports moved-from std::variant alternatives as uninitialised (GCC bug 105562 and its kin), overlaps and
  # overflows in "text" + std::string that are none (GCC bugs 105651 and 105329), and subscripts of a std::map.
  target_compile_options(theta_warnings INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
endif()
