# theta_precompile(): parses the generated headers of the schema once, which are half of the time that each file above
# wire takes; for every module above wire, every test and the simulation that are defined from here on. Only speed: what
# a file uses it includes itself. Clang's precompiled headers hold absolute paths, so that ccache could not hand them,
# and what was built with them, to another clone; its builds go without.
option(THETA_PRECOMPILE "Precompile the headers that most files include" ON)
function(theta_precompile)
  if(NOT THETA_PRECOMPILE OR CMAKE_CROSSCOMPILING OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  set(common <algorithm> <chrono> <deque> <functional> <map> <memory> <optional> <string> <unordered_map> <variant>
    <vector> <theta/wire/schema.h>)
  add_library(theta_precompiled OBJECT "${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp")
  target_link_libraries(theta_precompiled PRIVATE theta::wire theta_warnings)
  target_precompile_headers(theta_precompiled PRIVATE ${common})
  if(THETA_BUILD_TESTS)
    add_library(theta_precompiled_tests OBJECT "${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp")
    target_link_libraries(theta_precompiled_tests PRIVATE theta::wire theta_warnings GTest::gmock)
    theta_test_options(theta_precompiled_tests)
    # Code of a program, as the tests' is, though this is none.
    set_target_properties(theta_precompiled_tests PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(theta_precompiled_tests PRIVATE -fPIE)
    target_precompile_headers(theta_precompiled_tests PRIVATE ${common} <gtest/gtest.h> <gmock/gmock.h>)
  endif()
endfunction()

# theta_reuse_precompiled(TARGET FROM): where there is FROM.
function(theta_reuse_precompiled target from)
  if(TARGET ${from})
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

# Tests spend their time compiling, not running.
function(theta_test_options target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# theta_module(NAME SOURCES … USES theta modules … LINKS private third-party … PUBLIC_LINKS third-party in headers …)
# One static library a module: theta_<name>, alias theta::<name>, public headers in src/<name>/include.
function(theta_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LINKS;PUBLIC_LINKS" ${ARGN})
  add_library(theta_${name} STATIC ${ARG_SOURCES})
  add_library(theta::${name} ALIAS theta_${name})
  set_target_properties(theta_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(theta_${name} PUBLIC
    "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")
  foreach(used ${ARG_USES})
    target_link_libraries(theta_${name} PUBLIC theta::${used})
  endforeach()
  target_link_libraries(theta_${name} PUBLIC ${ARG_PUBLIC_LINKS} PRIVATE ${ARG_LINKS} $<BUILD_INTERFACE:theta_warnings>)
  if("${ARG_USES}" MATCHES "wire|log|replica|client")
    theta_reuse_precompiled(theta_${name} theta_precompiled)
  endif()
  set_property(GLOBAL APPEND PROPERTY THETA_MODULES ${name})
endfunction()

# theta_tests(MODULE [LINKS ...]): one test binary a module from every tests/<module>/*_test.cpp.
function(theta_tests module)
  if(NOT THETA_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${module}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${module}_tests ${sources})
  target_include_directories(${module}_tests PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${module}_tests PRIVATE
    theta::${module} ${ARG_LINKS} theta_warnings GTest::gmock GTest::gtest_main)
  theta_test_options(${module}_tests)
  theta_reuse_precompiled(${module}_tests theta_precompiled_tests)
  gtest_discover_tests(${module}_tests TEST_PREFIX "${module}." DISCOVERY_TIMEOUT 60)
endfunction()
