#pragma once

#include <chrono>
#include <cstddef>

#include "theta/base/limits.h"

namespace theta::web::limits {

/// A message on a data channel; longer ones of a lane go in several.
inline constexpr std::size_t kFragmentBytesMax = 16 * 1024;
/// What the hub says when it closes a data channel.
inline constexpr std::size_t kCloseTextBytesMax = 512;
/// Entities in one piece of a whole scene on its way to the page.
inline constexpr std::size_t kEntitiesPerPiece = 1000;
/// Lost commands that can still be submitted again; the oldest falls out.
inline constexpr std::size_t kLostCommandsMax = 256;
/// How long after a failed write the whole state is written again.
inline constexpr std::chrono::seconds kStorageRetry{5};
/// Records that one query of a look back asks for, and that one step of it applies: the page's other work waits for it.
inline constexpr std::size_t kLookBackQuery = 4096;
inline constexpr std::size_t kLookBackStep = 64;
/// Events of the session that one poll hands on; the rest waits for the next.
inline constexpr std::size_t kEventsPerPoll = 10'000;
/// Imports, exports and looks back at a time.
inline constexpr std::size_t kTasksMax = 16;
/// Files of one import.
inline constexpr std::size_t kImportFilesMax = 4096;

static_assert(kFragmentBytesMax < theta::limits::kMessageBytesMax);

}  // namespace theta::web::limits
