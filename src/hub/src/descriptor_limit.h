#pragma once

#include <cstddef>

namespace theta::hub {

/// Room for as many WebSockets and HTTP connections as the bounds allow, and for rooms' files.
inline constexpr std::size_t kDescriptorsWanted = 16 * 1024;

/// Lets this process open that many files and sockets, or as many as the system allows it. Many systems begin with
/// 1024, which strangers' connections could use up, so that the store could open nothing any more.
void raise_descriptor_limit();

}  // namespace theta::hub
