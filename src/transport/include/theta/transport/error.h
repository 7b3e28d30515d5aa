#pragma once

#include <cstdint>

#include "theta/base/result.h"

namespace theta::transport {

/// What a transport reports when it cannot begin; what befalls a running connection is told by events. Grouped by what
/// the caller does next.
enum class TransportError : std::uint8_t {
  invalid_address,      // the text is no address; correct it
  address_unavailable,  // cannot listen there (in use, not ours, not permitted); choose another
  unresolved,           // the name has no address, or the resolver does not answer; check it or try later
  malformed,            // what the other side sent is not what was agreed; it must send something else
  busy,                 // a bound of this endpoint is reached; the other side may try again later
  system,               // the operating system or the TLS library refused; the message says what
};

template <class T>
using TransportResult = Expected<T, TransportError>;

}  // namespace theta::transport
