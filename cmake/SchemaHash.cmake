# Writes OUTPUT, a header with the SHA-256 over the SHA-256s of INPUTS.
set(all "")
foreach(input ${INPUTS})
  file(SHA256 "${input}" hash)
  string(APPEND all "${hash}\n")
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
