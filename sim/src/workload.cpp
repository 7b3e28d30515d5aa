#include "workload.h"

#include <algorithm>

namespace theta::sim {
namespace {

namespace commands = client::commands;
using client::Command;
using wire::fb::Component;
using wire::fb::ConflictStrategy;
using wire::fb::Role;

constexpr std::size_t kRecentMax = 8;
constexpr std::array<std::uint64_t, 3> kApplications{7, 0xabcdef, 1ULL << 60};

}  // namespace

bool Workload::step() {
  auto* peer = world_.random_ready_peer(random_);
  if (peer == nullptr) return false;
  const auto action = static_cast<Action>(random_.weighted(world_.profile().actions));
  peer->session().set_now(peer->now());
  act(*peer, action);
  peer->touch();
  return true;
}

void Workload::act(PeerNode& peer, Action action) {
  // The scene stays near its size: what is made more than that is deleted.
  const auto count = peer.session().scene().entity_count();
  if (action == Action::create && count > 2 * world_.profile().entities) action = Action::delete_entities;
  if (action == Action::delete_entities && count < world_.profile().entities / 3) action = Action::create;
  switch (action) {
    case Action::create: return create(peer, random_.between(1, 4));
    case Action::delete_entities:
    case Action::duplicate:
    case Action::reparent:
    case Action::reorder: return edit_hierarchy(peer, action);
    case Action::rename:
    case Action::set_transform:
    case Action::translate:
    case Action::rotate:
    case Action::scale:
    case Action::set_visibility:
    case Action::change_tags: return edit_values(peer, action);
    case Action::set_mesh:
    case Action::set_material:
    case Action::set_light:
    case Action::set_camera:
    case Action::set_application: return edit_components(peer, action);
    case Action::select:
    case Action::change_selection:
    case Action::activate_tool:
    case Action::deactivate_tool: return show_others(peer, action);
    case Action::grant:
    case Action::revoke:
    case Action::revoke_invite:
    case Action::set_policy: return govern(peer, action);
    case Action::undo:
    case Action::redo:
    case Action::undo_under_way:
    case Action::submit_again: return go_back(peer, action);
    case Action::presence: return send_presence(peer);
    case Action::upload:
    case Action::download:
    case Action::history: return move_assets(peer, action);
    case Action::nonsense: return send_nonsense(peer);
    case Action::invite: return invite(peer);
    case Action::large_step: return large_step(peer);
  }
}

// ---- Choosing -----------------------------------------------------------------------------------------------------

const Workload::Targets& Workload::entities_of(PeerNode& peer) {
  entities_.clear();
  peer.session().scene().for_each_entity([this](ObjectId entity) { entities_.push_back(entity); });
  std::sort(entities_.begin(), entities_.end());
  return entities_;
}

ObjectId Workload::target(PeerNode& peer) {
  // Now and then something that is not there: deleted, not yet made, or nonsense.
  if (random_.chance(world_.profile().stale_target_chance))
    return make_object_id(AuthorSlot{static_cast<std::uint16_t>(random_.below(4))}, random_.between(1, 40));
  const auto& entities = entities_of(peer);
  return entities.empty() ? make_object_id(AuthorSlot{0}, 1) : random_.pick(entities);
}

Workload::Targets Workload::targets(PeerNode& peer, std::size_t count_max) {
  Targets result;
  for (auto count = random_.between(1, count_max); count > 0; --count) {
    const auto one = target(peer);
    if (std::find(result.begin(), result.end(), one) == result.end()) result.push_back(one);
  }
  return result;
}

std::string Workload::marker() {
  auto digits = std::to_string(++markers_);
  return std::string(kMarkerPrefix) + std::string(kMarkerDigits - digits.size(), '0') + digits;
}

float Workload::number(float bound) { return (static_cast<float>(random_.fraction()) - 0.5F) * 2 * bound; }

scene::Transform Workload::transform() {
  scene::Transform result;
  result.position = {number(100), number(100), number(100)};
  if (random_.chance(0.3)) result.rotation = {0.5F, 0.5F, -0.5F, 0.5F};
  if (random_.chance(0.3)) result.scale = {1 + number(0.9F), 2, 1};
  return result;
}

client::NewEntity Workload::new_entity(PeerNode& peer) {
  client::NewEntity entity;
  if (random_.chance(0.5)) entity.parent = target(peer);
  if (random_.chance(0.8)) entity.transform = transform();
  if (random_.chance(0.2)) entity.mesh = AssetId{};
  if (entity.mesh) random_.fill(entity.mesh->bytes);
  if (random_.chance(0.2)) entity.material = scene::Material{};
  if (random_.chance(0.1)) entity.light = scene::Light{};
  if (random_.chance(0.1)) entity.camera = scene::Camera{};
  entity.hidden = random_.chance(0.1);
  if (random_.chance(0.2)) entity.tags = {"a", "b"};
  if (random_.chance(0.2)) entity.application.emplace_back(kApplications[0], Bytes(random_.below(200), 3));
  return entity;
}

PeerNode& Workload::somebody(const RoomId& room) {
  std::vector<PeerNode*> there;
  for (auto& peer : world_.peers())
    if (peer->room() == room) there.push_back(peer.get());
  return *random_.pick(there);
}

void Workload::submit(PeerNode& peer, Action action, const Command& command, std::string marker) {
  note(peer, action, peer.session().submit(command), std::move(marker));
  // An application that says everything twice, and knows of once.
  if (world_.mutant() == Mutant::submit_twice) static_cast<void>(peer.session().submit(command));
}

void Workload::note(PeerNode& peer, Action action, const client::ClientResult<client::CommandHandle>& handle,
                    std::string marker) {
  auto& keeper = world_.keeper();
  if (!handle) {
    keeper.count(std::string("not_taken.") + action_name(action));
    keeper.log(peer.name(), std::string("cannot ") + action_name(action) + ": " + handle.error().message);
    return;
  }
  keeper.count(std::string("action.") + action_name(action));
  peer.note_submission({*handle, std::move(marker), action_name(action)});
  recent_.push_back(*handle);
  if (recent_.size() > kRecentMax) recent_.erase(recent_.begin());
}

// ---- Edits --------------------------------------------------------------------------------------------------------

void Workload::create(PeerNode& peer, std::size_t count) {
  const auto mark = marker();
  std::vector<client::NewEntity> entities;
  for (std::size_t index = 0; index < count; ++index) {
    entities.push_back(new_entity(peer));
    // The marker stands in the first only: it is looked for once in the log.
    entities.back().name = index == 0 ? mark : "part";
    if (index > 0 && random_.chance(0.5)) entities.back().parent_index = random_.below(index);
  }
  auto created = peer.session().create_entities(std::move(entities));
  if (created) return note(peer, Action::create, created->handle, mark);
  note(peer, Action::create, tl::unexpected(created.error()), mark);
}

void Workload::edit_hierarchy(PeerNode& peer, Action action) {
  switch (action) {
    case Action::delete_entities: return submit(peer, action, commands::delete_entities(targets(peer, 2)));
    case Action::reorder: return submit(peer, action, commands::reorder(targets(peer, 2), target(peer)));
    case Action::duplicate: {
      auto made = peer.session().duplicate(targets(peer, 2));
      if (made) return note(peer, action, made->handle, {});
      return note(peer, action, tl::unexpected(made.error()), {});
    }
    default: break;
  }
  const auto moved = targets(peer, 3);
  const auto parent = random_.chance(0.2) ? kNoObject : target(peer);
  const auto before = random_.chance(0.3) ? target(peer) : kNoObject;
  if (random_.chance(0.7)) return submit(peer, Action::reparent, commands::reparent(moved, parent, before));
  const std::vector<scene::Transform> transforms(moved.size(), transform());
  submit(peer, Action::reparent, commands::reparent(moved, parent, before, transforms));
}

void Workload::edit_values(PeerNode& peer, Action action) {
  const auto some = targets(peer, 4);
  switch (action) {
    case Action::rename: {
      const auto mark = marker();
      return submit(peer, action, commands::rename(some.front(), mark + "name"), mark);
    }
    case Action::set_transform: {
      std::vector<scene::Transform> values(random_.chance(0.5) ? 1 : some.size());
      for (auto& value : values) value = transform();
      return submit(peer, action, commands::set_transform(some, values));
    }
    case Action::translate:
      return submit(peer, action, commands::translate(some, {number(5), number(5), random_.chance(0.02) ? 3e38F : 1}));
    case Action::rotate: {
      const auto pivot = random_.chance(0.5) ? std::optional(scene::Vec3{1, 2, 3}) : std::nullopt;
      return submit(peer, action, commands::rotate(some, {0, 0.6F, 0, 0.8F}, pivot));
    }
    case Action::scale: {
      const auto pivot = random_.chance(0.5) ? std::optional(scene::Vec3{1, 2, 3}) : std::nullopt;
      return submit(peer, action, commands::scale(some, {1.5F, 0.5F, 1 + number(0.5F)}, pivot));
    }
    case Action::set_visibility: return submit(peer, action, commands::set_visibility(some, random_.chance(0.5)));
    default: break;
  }
  const auto mark = marker();
  submit(peer, Action::change_tags, commands::change_tags(some, {mark}, {"a"}), mark);
}

void Workload::edit_components(PeerNode& peer, Action action) {
  const auto some = targets(peer, 3);
  const bool removes = random_.chance(0.25);
  switch (action) {
    case Action::set_mesh: {
      AssetId mesh;
      random_.fill(mesh.bytes);
      return submit(peer, action, commands::set_mesh(some, removes ? std::nullopt : std::optional(mesh)));
    }
    case Action::set_material: {
      scene::Material material;
      material.metallic = static_cast<float>(random_.fraction());
      material.alpha_mode = scene::AlphaMode::blend;
      random_.fill(material.normal_texture.bytes);
      return submit(peer, action, commands::set_material(some, removes ? std::nullopt : std::optional(material)));
    }
    case Action::set_light: {
      scene::Light light;
      light.intensity = 10 * static_cast<float>(random_.fraction());
      return submit(peer, action, commands::set_light(some, removes ? std::nullopt : std::optional(light)));
    }
    case Action::set_camera: {
      scene::Camera camera;
      camera.vertical_fov = 0.2F + static_cast<float>(random_.fraction());
      return submit(peer, action, commands::set_camera(some, removes ? std::nullopt : std::optional(camera)));
    }
    default: break;
  }
  const auto component = kApplications[random_.below(kApplications.size())];
  if (removes) return submit(peer, Action::set_application, commands::set_application(some, component, std::nullopt));
  const auto mark = marker();
  Bytes value(as_bytes(mark).begin(), as_bytes(mark).end());
  value.resize(value.size() + random_.below(2000), 9);
  submit(peer, Action::set_application, commands::set_application(some, component, std::move(value)), mark);
}

void Workload::show_others(PeerNode& peer, Action action) {
  switch (action) {
    case Action::select: return submit(peer, action, commands::select(targets(peer, 5)));
    case Action::change_selection: {
      const auto add = targets(peer, 2);
      Targets remove;
      for (const auto one : targets(peer, 2))
        if (std::find(add.begin(), add.end(), one) == add.end()) remove.push_back(one);
      return submit(peer, action, commands::change_selection(add, remove));
    }
    case Action::deactivate_tool: return submit(peer, action, commands::deactivate_tool());
    default: break;
  }
  const auto mark = marker();
  submit(peer, Action::activate_tool, commands::activate_tool(mark + "extrude"), mark);
}

void Workload::govern(PeerNode& peer, Action action) {
  auto* admin = world_.find_admin(peer.room());
  auto& actor = admin != nullptr && random_.chance(0.7) ? *admin : peer;
  actor.session().set_now(actor.now());
  const auto whom = somebody(actor.room()).author();
  if (action == Action::grant) {
    const std::vector<Role> all{Role::viewer, Role::editor, Role::editor, Role::editor, Role::admin};
    submit(actor, action, commands::grant_role(whom, random_.pick(all)));
  } else if (action == Action::revoke) {
    submit(
        actor, action,
        commands::revoke_role(whom, random_.chance(0.5) ? commands::TheirInvite::revoke : commands::TheirInvite::keep));
  } else if (action == Action::revoke_invite) {
    // One that somebody may be about to use, was used, or does not exist.
    crypto::Seed seed;
    random_.fill(seed.bytes);
    auto invite = crypto::KeyPair::from_seed(seed).public_key<InviteKey>();
    if (!invites_.empty() && random_.chance(0.8)) invite = random_.pick(invites_);
    submit(actor, action, commands::revoke_invite(invite));
  } else {
    log::PolicyScope scope;
    if (random_.chance(0.5)) scope.entity = target(actor);
    if (random_.chance(0.7)) scope.component = static_cast<Component>(random_.below(11));
    const std::vector<ConflictStrategy> all{ConflictStrategy::last_write_wins, ConflictStrategy::merge,
                                            ConflictStrategy::reject};
    submit(actor, action,
           commands::set_policy(scope, random_.chance(0.2) ? std::nullopt : std::optional(random_.pick(all))));
  }
  actor.touch();
}

void Workload::go_back(PeerNode& peer, Action action) {
  auto& session = peer.session();
  if (action == Action::undo) return note(peer, action, session.undo(), {});
  if (action == Action::redo) return note(peer, action, session.redo(), {});
  if (action == Action::undo_under_way)
    return recent_.empty() ? void() : note(peer, action, session.undo(random_.pick(recent_)), {});
  auto& lost = peer.lost_commands();
  if (lost.empty()) return;
  const auto again = lost.back();
  lost.pop_back();
  note(peer, action, session.submit_again(again), marker_in(again.payload()));
}

void Workload::large_step(PeerNode& peer) {
  // As many commands at once as a burst allows, or one that touches many things.
  if (random_.chance(0.5)) {
    const auto all = entities_of(peer);
    const Targets some(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(all.size(), 256)));
    if (!some.empty()) submit(peer, Action::large_step, commands::translate(some, {number(1), 0, 0}));
    return;
  }
  const auto count = random_.between(5, 30);
  for (std::uint64_t index = 0; index < count; ++index) {
    const auto mark = marker();
    submit(peer, Action::large_step, commands::rename(target(peer), mark + "burst"), mark);
  }
}

// ---- Beside the log -----------------------------------------------------------------------------------------------

void Workload::send_presence(PeerNode& peer) {
  client::Presence presence;
  presence.view = client::Pose{{number(10), number(10), number(10)}, {0, 0, 0, 1}};
  if (random_.chance(0.3)) presence.dragging.push_back({target(peer), transform()});
  const auto mark = marker();
  presence.app.assign(as_bytes(mark).begin(), as_bytes(mark).end());
  presence.app.resize(mark.size() + random_.below(64), 1);
  for (auto& checker : world_.checkers()) checker->on_presence_set(peer.view(), mark);
  peer.session().set_presence(std::move(presence));
  world_.keeper().count("action.presence");
}

void Workload::move_assets(PeerNode& peer, Action action) {
  auto& session = peer.session();
  auto& keeper = world_.keeper();
  keeper.count(std::string("action.") + action_name(action));
  if (action == Action::history) {
    static_cast<void>(session.query_history(Seq{random_.between(1, 100)}, 50));
  } else if (action == Action::upload) {
    const std::size_t size = random_.chance(0.2) ? random_.between(1, 700 * 1024) : random_.between(1, 4000);
    Bytes bytes(size, static_cast<std::uint8_t>(random_.next()));
    random_.fill(std::span(bytes).first(std::min<std::size_t>(size, 16)));
    const SharedBytes shared(std::move(bytes));
    const auto asset = session.upload_asset(shared);
    if (!asset) return;
    assets_.push_back(*asset);
    for (auto& checker : world_.checkers()) checker->on_uploaded(peer.view(), *asset, shared);
  } else {
    AssetId unknown;
    const bool is_known = !assets_.empty() && random_.chance(0.9);
    static_cast<void>(session.download_asset(is_known ? random_.pick(assets_) : unknown));
  }
}

void Workload::send_nonsense(PeerNode& peer) {
  // What an application could hand in by mistake: it must come back with a sentence, and never go out.
  Bytes bytes;
  if (random_.chance(0.5)) {
    bytes.resize(random_.below(300));
    random_.fill(bytes);
  } else {
    const auto good = commands::rename(target(peer), "nonsense");
    bytes.assign(good.payload().begin(), good.payload().end());
    bytes[random_.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << random_.below(8));
  }
  // A flipped bit in a name is still a name.
  note(peer, Action::nonsense, peer.session().submit(Command(std::move(bytes))), {});
}

void Workload::invite(PeerNode& peer) {
  if (world_.peers().size() >= 9) return;
  log::InviteTerms terms;
  terms.role = random_.chance(0.3) ? Role::viewer : random_.chance(0.2) ? Role::admin : Role::editor;
  const auto kind = random_.below(3);
  if (kind == 1) terms.expires_at = peer.now().wall + std::chrono::seconds(random_.below(20));
  if (kind == 2) terms.uses_max = 1;
  auto ticket = world_.invite(peer, terms);
  if (!ticket) return;
  world_.keeper().count("action.invite");
  invites_.push_back(ticket->invite.key);
  world_.add_peer({.room = peer.room(), .ticket = ticket, .key = std::nullopt, .may_fail = true});
  // A second one with the same link, which may be used up.
  if (random_.chance(0.4))
    world_.add_peer({.room = peer.room(), .ticket = ticket, .key = std::nullopt, .may_fail = true});
}

}  // namespace theta::sim
