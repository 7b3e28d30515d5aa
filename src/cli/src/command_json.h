#pragma once

#include <optional>
#include <string>

#include "output.h"
#include "theta/base/ids.h"
#include "theta/base/result.h"
#include "theta/client/session.h"

namespace theta::cli {

/// Ids as people and programs write them: "SLOT:COUNTER", and "root" for no entity.
[[nodiscard]] std::string to_text(ObjectId id);
[[nodiscard]] std::optional<ObjectId> object_from_text(const std::string& text);

enum class CommandJsonError { malformed };

/// Submits what one line of `theta join`'s input says (docs/cli.md lists the commands) and returns what the line
/// asked for: the handle, and the ids of what it made. The failure names the field that is wrong.
struct Submitted {
  client::CommandHandle handle;
  std::vector<ObjectId> ids;
};
[[nodiscard]] Expected<Submitted, CommandJsonError> submit_json(client::Session& session, const Json& line);

}  // namespace theta::cli
