// Edits without a connection, ends, starts again, and only then meets the hub: nothing is lost, nothing is there twice.
//
//   02_offline_then_sync LINK STATE_FOLDER

#include <iostream>

#include <theta/client/client.h>

using namespace std::chrono_literals;
namespace client = theta::client;

namespace {

int give_up(const std::string& why) {
  std::cerr << why << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return give_up("usage: 02_offline_then_sync LINK STATE_FOLDER");
  const auto link = theta::log::parse_link(argv[1]);
  if (!link) return give_up(link.error().message);
  client::ClientOptions options;
  options.link = *link;
  options.display_name = "Traveller";
  options.state_folder = argv[2];
  const auto key = client::load_or_create_identity(options.state_folder + "/author.key");
  if (!key) return give_up(key.error().message);

  theta::ObjectId lamp;
  {
    auto peer = client::Client::open(options, *key);
    if (!peer) return give_up(peer.error().message);
    // Once, to become a member and to have something to edit; from then on a connection is a convenience.
    if (auto ready = (*peer)->wait_until_caught_up(30s); !ready) return give_up(ready.error().message);
    auto& session = (*peer)->session();
    session.go_offline();
    client::NewEntity entity;
    entity.name = "lamp";
    const auto created = session.create_entities({entity});
    if (!created) return give_up(created.error().message);
    lamp = created->ids.front();
    for (int step = 1; step <= 100; ++step) {
      const theta::scene::Transform transform{{static_cast<float>(step), 0, 0}, {}, {1, 1, 1}};
      if (auto moved = session.submit(client::commands::set_transform(lamp, transform)); !moved)
        return give_up(moved.error().message);
    }
    std::cout << session.statistics().queued_commands << " commands wait (100 moves of one lamp are one)\n";
  }  // the process could end here, or be killed

  options.start_offline = true;
  auto peer = client::Client::open(options, *key);
  if (!peer) return give_up(peer.error().message);
  auto& session = (*peer)->session();
  std::cout << "after the restart, still offline, the lamp stands at " << session.scene().transform(lamp)->position.x
            << "\n";
  session.go_online();
  if (auto ready = (*peer)->wait_until_caught_up(30s); !ready) return give_up(ready.error().message);
  if (auto idle = (*peer)->wait_until_idle(30s); !idle) return give_up(idle.error().message);
  std::cout << "the hub has everything, up to record " << session.confirmed_head().value() << "\n";
  return 0;
}
