#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/log/policy.h"
#include "theta/scene/components.h"
#include "theta/wire/schema.h"

namespace theta::client {

/// One command that is ready to be submitted: the bytes of a `CommandPayload` with this one command. A value; checked
/// by `Session::submit`, so that building never fails.
class Command {
 public:
  Command() = default;
  /// Takes bytes as they come from a file or another program.
  explicit Command(Bytes payload) : payload_(std::move(payload)) {}
  /// For what the functions below do not offer.
  explicit Command(wire::fb::CommandUnion command);
  [[nodiscard]] ByteView payload() const { return payload_; }

 private:
  Bytes payload_;
};

/// An entity to be made. What is absent is not made.
struct NewEntity {
  /// From `Session::mint_ids`; kNoObject: the session mints one.
  ObjectId id = kNoObject;
  /// kNoObject: the room's root.
  ObjectId parent = kNoObject;
  /// Instead of `parent`: an earlier entity of the same call.
  std::optional<std::size_t> parent_index = {};
  std::string name = {};
  std::optional<scene::Transform> transform = {};
  std::optional<AssetId> mesh = {};
  std::optional<scene::Material> material = {};
  std::optional<scene::Light> light = {};
  std::optional<scene::Camera> camera = {};
  bool hidden = false;
  scene::TagSet tags = {};
  std::vector<std::pair<std::uint64_t, Bytes>> application = {};
};

/// Builders of commands. Create, duplicate, undo and redo need the session's ids and history: see `Session`.
namespace commands {

using Targets = std::span<const ObjectId>;

[[nodiscard]] Command delete_entities(Targets targets);
[[nodiscard]] Command rename(ObjectId target, std::string name);
/// Under `parent` (kNoObject: the root) before the sibling `before` (kNoObject: at the end); the local transforms stay.
[[nodiscard]] Command reparent(Targets targets, ObjectId parent, ObjectId before = kNoObject);
/// With new local transforms, one a target, so that nothing moves on the screen.
[[nodiscard]] Command reparent(Targets targets, ObjectId parent, ObjectId before,
                               std::span<const scene::Transform> transforms);
[[nodiscard]] Command reorder(Targets targets, ObjectId before);

/// `transforms`: one for all targets, or one each.
[[nodiscard]] Command set_transform(Targets targets, std::span<const scene::Transform> transforms);
[[nodiscard]] Command set_transform(ObjectId target, const scene::Transform& transform);
[[nodiscard]] Command translate(Targets targets, const scene::Vec3& offset);
/// `pivot` in the parent's space; empty: each about its own origin.
[[nodiscard]] Command rotate(Targets targets, const scene::Quat& rotation, std::optional<scene::Vec3> pivot = {});
[[nodiscard]] Command scale(Targets targets, const scene::Vec3& factor, std::optional<scene::Vec3> pivot = {});

/// The component as a whole takes the place of the one that was there: to change one value of it, begin with what the
/// scene shows. Empty value: the component is removed.
[[nodiscard]] Command set_mesh(Targets targets, std::optional<AssetId> mesh);
[[nodiscard]] Command set_material(Targets targets, const std::optional<scene::Material>& material);
[[nodiscard]] Command set_light(Targets targets, std::optional<scene::Light> light);
[[nodiscard]] Command set_camera(Targets targets, std::optional<scene::Camera> camera);
[[nodiscard]] Command set_visibility(Targets targets, bool visible);
[[nodiscard]] Command change_tags(Targets targets, std::vector<std::string> add, std::vector<std::string> remove);
/// `component`: the application's registered 64-bit id. An empty vector of bytes is a value.
[[nodiscard]] Command set_application(Targets targets, std::uint64_t component, std::optional<Bytes> value);

/// Replaces the author's own selection.
[[nodiscard]] Command select(Targets targets);
[[nodiscard]] Command change_selection(Targets add, Targets remove);
[[nodiscard]] Command activate_tool(std::string tool);
[[nodiscard]] Command deactivate_tool();

/// For admins.
[[nodiscard]] Command grant_role(const AuthorKey& author, wire::fb::Role role);
/// What becomes of the invite that somebody joined by who is put out: while it holds, he can come back with a new key.
enum class TheirInvite : std::uint8_t { revoke, keep };
[[nodiscard]] Command revoke_role(const AuthorKey& author, TheirInvite invite = TheirInvite::revoke);
/// Nobody joins by it any more; who came by it stays. `invite`: as in the link's ticket, or in log::Member.
[[nodiscard]] Command revoke_invite(const InviteKey& invite);
/// Empty strategy: the rule is removed.
[[nodiscard]] Command set_policy(const log::PolicyScope& scope, std::optional<wire::fb::ConflictStrategy> strategy);

}  // namespace commands
}  // namespace theta::client
