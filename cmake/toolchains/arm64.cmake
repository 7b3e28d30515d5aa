# ARM64 with Debian's cross compiler, tests through qemu: base to replica, to compare state hashes across machines.

get_filename_component(THETA_ARM64_DEPS "${CMAKE_CURRENT_LIST_DIR}/../../build/deps/arm64" ABSOLUTE)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES THETA_CROSS_DEPS_BUILD)
if(NOT EXISTS "${THETA_ARM64_DEPS}/complete" AND NOT THETA_CROSS_DEPS_BUILD)
  message(FATAL_ERROR "libsodium, zstd and GoogleTest are not built for ARM64 yet: run tools/cross_deps arm64, "
    "or ./dev build arm64, which does it first.")
endif()

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# Static, so that a test is one file that qemu starts quickly. The linker would warn of GoogleTest's getaddrinfo, which
# no test calls.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -Wl,--no-warnings")
# Debian 12 has a package of static emulators with a suffix; in Debian 13 the plain ones are static.
find_program(THETA_QEMU_ARM64 NAMES qemu-aarch64-static qemu-aarch64 REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR "${THETA_QEMU_ARM64};-L;/usr/aarch64-linux-gnu")

set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu "${THETA_ARM64_DEPS}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

set(THETA_CORE_ONLY ON CACHE BOOL "Build base to replica only")
set(THETA_SODIUM_LIBRARY "${THETA_ARM64_DEPS}/lib/libsodium.a" CACHE FILEPATH "")
set(THETA_SODIUM_INCLUDE "${THETA_ARM64_DEPS}/include" CACHE PATH "")
set(THETA_ZSTD_LIBRARY "${THETA_ARM64_DEPS}/lib/libzstd.a" CACHE FILEPATH "")
set(THETA_ZSTD_INCLUDE "${THETA_ARM64_DEPS}/include" CACHE PATH "")
set(THETA_TL_EXPECTED_INCLUDE "${THETA_ARM64_DEPS}/include" CACHE PATH "")
set(THETA_FLATBUFFERS_INCLUDE "${THETA_ARM64_DEPS}/include" CACHE PATH "")
set(THETA_BOOST_INCLUDE "${THETA_ARM64_DEPS}/include" CACHE PATH "")
set(GTest_DIR "${THETA_ARM64_DEPS}/lib/cmake/GTest" CACHE PATH "")
