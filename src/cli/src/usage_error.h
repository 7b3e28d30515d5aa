#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace theta::cli {

/// What is wrong with the command line, in one line. A command that does not exist is named, with those that do.
[[nodiscard]] std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error);

}  // namespace theta::cli
