#pragma once

namespace theta::cli {

/// What a shell script sees (docs/errors.md). Every failure also prints one sentence on stderr.
enum class ExitCode : int {
  ok = 0,
  failed = 1,        // the operation was refused or went wrong
  usage = 2,         // the command line is wrong
  unreachable = 3,   // no hub answered, or the connection was lost for good
  denied = 4,        // the hub or the room does not permit it
  bad_input = 5,     // a file, a link or a line of input is malformed
  verification = 6,  // a log or a state is not what it must be
};

}  // namespace theta::cli
