#include <filesystem>

#include "commands.h"
#include "data_folder.h"
#include "theta/base/hex.h"
#include "theta/client/identity.h"

namespace theta::cli {

namespace {

ExitCode show(const Context& context, const client::ClientResult<crypto::KeyPair>& key) {
  if (!key) return context.output.fail(ExitCode::failed, key.error().message);
  const auto author = to_hex(key->public_key<AuthorKey>().view());
  const auto path = identity_path(data_folder(context.data_option));
  context.output.result({{"author", author}, {"file", path}}, author);
  return ExitCode::ok;
}

}  // namespace

void add_key_command(CLI::App& app, Context& context) {
  auto* key = app.add_subcommand("key", "Your identity: the Ed25519 key that signs what you do");
  key->require_subcommand(1);
  auto* make = key->add_subcommand("new", "Make a key; never overwrites one");
  make->add_option("--data", context.data_option, "data folder (default: per user)");
  make->callback([&context] {
    context.run = [&context] {
      const auto folder = data_folder(context.data_option);
      std::error_code ignored;
      std::filesystem::create_directories(folder, ignored);
      return show(context, client::create_identity(identity_path(folder)));
    };
  });
  auto* print = key->add_subcommand("show", "Print the public key");
  print->add_option("--data", context.data_option, "data folder (default: per user)");
  print->callback([&context] {
    context.run = [&context] {
      return show(context, client::load_identity(identity_path(data_folder(context.data_option))));
    };
  });
}

}  // namespace theta::cli
