#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "theta/base/ids.h"
#include "theta/base/result.h"
#include "theta/client/session.h"
#include "theta/json/json.h"

namespace theta::json {

/// Ids as people and programs write them: "SLOT:COUNTER", and "root" for no entity.
[[nodiscard]] std::string to_text(ObjectId id);
[[nodiscard]] std::optional<ObjectId> object_from_text(const std::string& text);

enum class CommandJsonError {
  malformed,      // the line is wrong: the message names the field
  refused,        // it cannot work on the scene as it is shown now
  not_permitted,  // the author's role is too low
  not_ready,      // there is no room to edit: not attached yet, or the session has ended
};

/// Submits what one line of `theta join`'s input says (docs/cli.md lists the commands) and returns what the line
/// asked for: the handle, the ids of what it made, and what an undo or redo took. A field that the command does not
/// take is malformed, too.
struct Submitted {
  client::CommandHandle handle;
  std::vector<ObjectId> ids;
  std::optional<client::CommandHandle> took = {};  // see client::Session::meant_by
};
[[nodiscard]] Expected<Submitted, CommandJsonError> submit_json(client::Session& session, const Json& line);
/// Every command that a line may name, with the fields that it takes besides "command" and "tag".
[[nodiscard]] std::map<std::string, std::vector<std::string>> command_fields();

}  // namespace theta::json
