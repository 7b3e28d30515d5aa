// Two peers in one room: one moves a pointer at frame rate, the other sees where it is. Presence is lossy and not kept;
// what should last is a command at the end of the gesture.
//
//   03_presence_pointer LINK STATE_FOLDER

#include <iostream>

#include <theta/client/client.h>

using namespace std::chrono_literals;
namespace client = theta::client;

namespace {

using Peer = std::unique_ptr<client::Client>;

client::ClientResult<Peer> join(const theta::log::RoomLink& link, const std::string& folder, const std::string& name) {
  const auto key = client::load_or_create_identity(folder + "/" + name + ".key");
  if (!key) return tl::unexpected(key.error());
  client::ClientOptions options;
  options.link = link;
  options.display_name = name;
  options.state_folder = folder;
  auto peer = client::Client::open(options, *key);
  if (!peer) return peer;
  if (auto ready = (*peer)->wait_until_caught_up(30s); !ready) return tl::unexpected(ready.error());
  return peer;
}

int give_up(const std::string& why) {
  std::cerr << why << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return give_up("usage: 03_presence_pointer LINK STATE_FOLDER");
  const auto link = theta::log::parse_link(argv[1]);
  if (!link) return give_up(link.error().message);
  auto watcher = join(*link, argv[2], "watcher");
  if (!watcher) return give_up(watcher.error().message);
  auto pointer = join(*link, argv[2], "pointer");
  if (!pointer) return give_up(pointer.error().message);

  float seen = -1;
  const auto give_up_at = std::chrono::steady_clock::now() + 30s;
  for (int frame = 1; seen < 10; ++frame) {
    if (std::chrono::steady_clock::now() > give_up_at) return give_up("the pointer was not seen to move");
    client::Presence presence;
    presence.pointer_origin = theta::scene::Vec3{static_cast<float>(frame), 1.6F, 0};
    presence.pointer_target = theta::scene::Vec3{0, 0, 0};
    (*pointer)->session().set_presence(presence);  // sent at the capped rate; the latest wins
    (*pointer)->run_once(5ms);
    (*watcher)->run_once(5ms);
    while (auto event = (*watcher)->poll_event()) {
      const auto* changed = std::get_if<client::PresenceChanged>(&*event);
      if (changed == nullptr) continue;
      for (const auto session : changed->sessions)
        if (const auto* other = (*watcher)->session().presence_of(session); other && other->pointer_origin)
          seen = other->pointer_origin->x;
    }
  }
  std::cout << "saw the pointer at " << seen << ", " << (*watcher)->session().participants().size()
            << " participants\n";
  return 0;
}
