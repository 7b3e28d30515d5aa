#pragma once

#include "theta/json/json.h"
#include "theta/log/members.h"
#include "theta/log/record.h"
#include "theta/scene/scene.h"

namespace theta::json {

/// One record for people: `seq`, `time_ms`, `author`, `author_name`, `archived`, and its `commands`, each with its
/// name, its targets (at most 64 of them) and a `text` in words. Names are those of now: `members` and `scene` are what
/// the reader knows, and what is gone from there is called by its id.
[[nodiscard]] Json history_entry_json(const log::Record& record, const log::Members& members,
                                      const scene::Scene& scene);

}  // namespace theta::json
