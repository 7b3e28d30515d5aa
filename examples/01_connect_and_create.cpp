// Joins a room, makes a table with a cup on it, and waits until the hub has both on disk.
//
//   01_connect_and_create LINK STATE_FOLDER

#include <iostream>

#include <theta/client/client.h>

using namespace std::chrono_literals;
namespace client = theta::client;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " LINK STATE_FOLDER\n";
    return 2;
  }
  const std::string state_folder = argv[2];

  const auto link = theta::log::parse_link(argv[1]);
  const auto key = client::load_or_create_identity(state_folder + "/author.key");
  if (!link || !key) {
    std::cerr << (link ? key.error().message : link.error().message) << "\n";
    return 1;
  }
  client::ClientOptions options;
  options.link = *link;
  options.display_name = "Example";
  options.state_folder = state_folder;
  auto peer = client::Client::open(options, *key);
  if (!peer) {
    std::cerr << peer.error().message << "\n";
    return 1;
  }
  if (auto ready = (*peer)->wait_until_caught_up(30s); !ready) {
    std::cerr << ready.error().message << "\n";
    return 1;
  }

  client::NewEntity table;
  table.name = "table";
  client::NewEntity cup;
  cup.name = "cup";
  cup.parent_index = 0;  // on the table, the first of this call
  cup.transform = theta::scene::Transform{{0, 0.75F, 0}, {}, {1, 1, 1}};
  const auto created = (*peer)->session().create_entities({table, cup});
  if (!created) {
    std::cerr << created.error().message << "\n";
    return 1;
  }
  // It is in the scene already: the overlay shows own commands at once.
  std::cout << "made " << *(*peer)->session().scene().name(created->ids[1]) << "\n";

  if (auto idle = (*peer)->wait_until_idle(30s); !idle) {
    std::cerr << idle.error().message << "\n";
    return 1;
  }
  while (auto event = (*peer)->poll_event()) {
    if (const auto* settled = std::get_if<client::CommandSettled>(&*event); settled && settled->refusal)
      std::cout << "refused: " << settled->refusal->text << "\n";
    else if (settled)
      std::cout << "acknowledged as record " << settled->seq.value() << "\n";
  }
  return 0;
}
