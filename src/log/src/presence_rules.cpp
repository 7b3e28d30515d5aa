#include <limits>

#include "id_lists.h"
#include "theta/log/command_rules.h"
#include "value_rules.h"

namespace theta::log {
namespace {

namespace fb = wire::fb;

constexpr flatbuffers::uoffset_t kDraggedMax = 16;
constexpr flatbuffers::uoffset_t kAppBytesMax = 256;

Expectation check_pose(const fb::Pose* pose) {
  if (pose == nullptr) return nullptr;
  const auto fault = check_vector(pose->position());
  return fault != nullptr ? fault : check_rotation(pose->rotation());
}

Expectation check_point(const fb::Vec3* point) { return point == nullptr ? nullptr : check_vector(*point); }

Expectation check_view_shape(const fb::ViewShape* shape) {
  if (shape == nullptr) return nullptr;
  // Written so that what is not a number fails as well.
  constexpr float kPi = 3.14159265F;
  if (!(shape->vertical_fov() > 0 && shape->vertical_fov() < kPi)) return "a field of view between 0 and pi";
  const bool is_ratio = shape->aspect_ratio() > 0 && shape->aspect_ratio() <= std::numeric_limits<float>::max();
  return is_ratio ? nullptr : "a finite aspect ratio over 0";
}

Expectation check_dragged(const fb::Presence& presence) {
  if (presence.dragging() == nullptr) return nullptr;
  const auto& dragged = *presence.dragging();
  if (dragged.size() > kDraggedMax) return "at most 16 dragged entities";
  for (flatbuffers::uoffset_t at = 0; at < dragged.size(); ++at) {
    if (!is_object_id(dragged.Get(at)->entity())) return "ids of dragged entities";
    if (const auto fault = check_transform(dragged.Get(at)->transform())) return fault;
    for (flatbuffers::uoffset_t before = 0; before < at; ++before)
      if (dragged.Get(before)->entity() == dragged.Get(at)->entity()) return "each dragged entity once";
  }
  return nullptr;
}

Expectation check_parts(const fb::Presence& presence) {
  const Expectation faults[] = {check_pose(presence.view()),
                                check_view_shape(presence.view_shape()),
                                check_pose(presence.left_hand()),
                                check_pose(presence.right_hand()),
                                check_point(presence.pointer_origin()),
                                check_point(presence.pointer_target()),
                                check_dragged(presence)};
  for (const auto fault : faults)
    if (fault != nullptr) return fault;
  if (presence.hovered() != 0 && !is_object_id(presence.hovered())) return "a hovered entity's id, or 0 for none";
  const bool is_long = presence.app() != nullptr && presence.app()->size() > kAppBytesMax;
  return is_long ? "application data of at most 256 bytes" : nullptr;
}

}  // namespace

std::optional<Refused> check_presence(const fb::Presence& presence) {
  const auto fault = check_parts(presence);
  if (fault == nullptr) return std::nullopt;
  return Refused{RefusalCode::bad_value, std::string("Presence: expected ") + fault + '.'};
}

}  // namespace theta::log
