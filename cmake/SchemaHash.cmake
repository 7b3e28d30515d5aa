# Writes OUTPUT, a header with the SHA-256 over the texts of INPUTS in this order, without comments and with every run
# of white space as one space: what a schema says, however it is laid out and whichever version of flatc reads it.
set(all "")
foreach(input ${INPUTS})
  file(READ "${input}" text)
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[ \t\r\n]+" " " text "${text}")
  string(APPEND all "${text}\n")
endforeach()
string(SHA256 schema_hash "${all}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${schema_hash}")
file(WRITE "${OUTPUT}" "#pragma once

#include <array>
#include <cstdint>

namespace theta::wire {

inline constexpr std::array<std::uint8_t, 32> kSchemaHashBytes = {${bytes}};

}  // namespace theta::wire
")
