# Third-party libraries, all from Debian packages; docs/dependencies.md says why each is here.

find_package(Threads REQUIRED)

# Header-only libraries that the core uses. For cross builds the toolchain file says where they lie.
find_path(THETA_TL_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
find_path(THETA_FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h REQUIRED)
find_path(THETA_BOOST_INCLUDE boost/unordered/unordered_flat_map.hpp REQUIRED)
add_library(theta_header_only INTERFACE)
target_include_directories(theta_header_only SYSTEM INTERFACE
  "$<BUILD_INTERFACE:${THETA_TL_EXPECTED_INCLUDE}>"
  "$<BUILD_INTERFACE:${THETA_FLATBUFFERS_INCLUDE}>"
  "$<BUILD_INTERFACE:${THETA_BOOST_INCLUDE}>")
target_compile_features(theta_header_only INTERFACE cxx_std_20)

find_program(THETA_FLATC flatc REQUIRED)

find_library(THETA_SODIUM_LIBRARY sodium REQUIRED)
find_path(THETA_SODIUM_INCLUDE sodium.h REQUIRED)
add_library(theta_sodium INTERFACE)
target_include_directories(theta_sodium SYSTEM INTERFACE "$<BUILD_INTERFACE:${THETA_SODIUM_INCLUDE}>")
target_link_libraries(theta_sodium INTERFACE "${THETA_SODIUM_LIBRARY}")

find_library(THETA_ZSTD_LIBRARY zstd REQUIRED)
find_path(THETA_ZSTD_INCLUDE zstd.h REQUIRED)
add_library(theta_zstd INTERFACE)
target_include_directories(theta_zstd SYSTEM INTERFACE "$<BUILD_INTERFACE:${THETA_ZSTD_INCLUDE}>")
target_link_libraries(theta_zstd INTERFACE "${THETA_ZSTD_LIBRARY}")

if(THETA_BUILD_TESTS AND NOT EMSCRIPTEN)
  enable_testing()
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
