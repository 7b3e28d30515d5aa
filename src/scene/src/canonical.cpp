#include "canonical.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "theta/base/limits.h"

namespace theta::scene {

namespace {

void put_sized(ByteWriter& writer, ByteView bytes) {
  writer.put(static_cast<std::uint32_t>(bytes.size()));
  writer.put_bytes(bytes);
}

void put_vec3(ByteWriter& writer, const Vec3& value) {
  writer.put(value.x);
  writer.put(value.y);
  writer.put(value.z);
}

std::array<const AssetId*, 5> textures_of(const Material& material) {
  return {&material.base_color_texture, &material.metallic_roughness_texture, &material.normal_texture,
          &material.occlusion_texture, &material.emissive_texture};
}

/// Reads bodies and remembers whether any field broke a rule; callers look once, at the end.
class BodyReader {
 public:
  BodyReader(ByteReader& reader, Source source) : reader_(reader), checked_(source == Source::hostile) {}

  [[nodiscard]] bool ok() const { return ok_ && reader_.ok(); }

  float number() {
    const auto value = reader_.get<float>();
    if (checked_ && !std::isfinite(value)) ok_ = false;
    return value;
  }
  Vec3 vec3() {
    Vec3 value;
    value.x = number();
    value.y = number();
    value.z = number();
    return value;
  }
  bool flag() { return enumerator<std::uint8_t>(1) != 0; }
  template <class Enum>
  Enum enumerator(std::uint8_t last) {
    const auto value = reader_.get<std::uint8_t>();
    if (value > last) ok_ = false;
    return static_cast<Enum>(value);
  }
  std::uint32_t count(std::size_t max) {
    const auto value = reader_.get<std::uint32_t>();
    if (checked_ && value > max) ok_ = false;
    return ok() ? value : 0;
  }
  ByteView sized(std::size_t max) { return reader_.get_bytes(count(max)); }
  std::string text(std::size_t max) {
    const auto bytes = sized(max);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  AssetId asset() { return reader_.get_fixed<AssetId>(); }
  std::uint64_t word() { return reader_.get<std::uint64_t>(); }
  void refuse() { ok_ = false; }

 private:
  ByteReader& reader_;
  bool checked_;
  bool ok_ = true;
};

Transform read_transform(BodyReader& body) {
  Transform value;
  value.position = body.vec3();
  value.rotation.x = body.number();
  value.rotation.y = body.number();
  value.rotation.z = body.number();
  value.rotation.w = body.number();
  value.scale = body.vec3();
  return value;
}

Material read_material(BodyReader& body) {
  Material value;
  for (auto& channel : value.base_color) channel = body.number();
  value.metallic = body.number();
  value.roughness = body.number();
  value.emissive = body.vec3();
  value.alpha_mode = body.enumerator<AlphaMode>(static_cast<std::uint8_t>(AlphaMode::blend));
  value.alpha_cutoff = body.number();
  value.double_sided = body.flag();
  value.base_color_texture = body.asset();
  value.metallic_roughness_texture = body.asset();
  value.normal_texture = body.asset();
  value.occlusion_texture = body.asset();
  value.emissive_texture = body.asset();
  return value;
}

TagSet read_tags(BodyReader& body) {
  const auto count = body.count(limits::kTagsPerEntityMax);
  TagSet value;
  for (std::uint32_t at = 0; at < count && body.ok(); ++at) {
    value.push_back(body.text(limits::kTagBytesMax));
    if (at > 0 && !(value[at - 1] < value[at])) body.refuse();
  }
  return value;
}

Light read_light(BodyReader& body) {
  Light value;
  value.kind = body.enumerator<LightKind>(static_cast<std::uint8_t>(LightKind::spot));
  value.color = body.vec3();
  value.intensity = body.number();
  value.range = body.number();
  value.inner_cone_angle = body.number();
  value.outer_cone_angle = body.number();
  return value;
}

Camera read_camera(BodyReader& body) {
  Camera value;
  value.kind = body.enumerator<CameraKind>(static_cast<std::uint8_t>(CameraKind::orthographic));
  value.vertical_fov = body.number();
  value.aspect_ratio = body.number();
  value.x_magnification = body.number();
  value.y_magnification = body.number();
  value.near_plane = body.number();
  value.far_plane = body.number();
  return value;
}

ComponentValue read_body(BodyReader& body, Component component) {
  switch (component) {
    case Component::existence: break;
    case Component::parent: {
      Place place;
      place.parent = ObjectId{body.word()};
      place.order = body.word();
      return place;
    }
    case Component::name: return body.text(limits::kNameBytesMax);
    case Component::transform: return read_transform(body);
    case Component::mesh: return body.asset();
    case Component::material: return read_material(body);
    case Component::visibility: return body.flag();
    case Component::tags: return read_tags(body);
    case Component::light: return read_light(body);
    case Component::camera: return read_camera(body);
    case Component::application: {
      const auto bytes = body.sized(limits::kAppComponentBytesMax);
      return Bytes(bytes.begin(), bytes.end());
    }
  }
  body.refuse();
  return {};
}

}  // namespace

void encode_body(Bytes& out, const std::string& value) {
  ByteWriter writer(out);
  put_sized(writer, as_bytes(value));
}

// The struct is ten floats without padding, which components.h asserts by its size.
void encode_body(Bytes& out, const Transform& value) { ByteWriter(out).put(value); }

void encode_body(Bytes& out, const AssetId& value) { ByteWriter(out).put_bytes(value.view()); }

void encode_body(Bytes& out, const Material& value) {
  ByteWriter writer(out);
  for (const auto channel : value.base_color) writer.put(channel);
  writer.put(value.metallic);
  writer.put(value.roughness);
  put_vec3(writer, value.emissive);
  writer.put(static_cast<std::uint8_t>(value.alpha_mode));
  writer.put(value.alpha_cutoff);
  writer.put(static_cast<std::uint8_t>(value.double_sided ? 1 : 0));
  for (const auto* texture : textures_of(value)) writer.put_bytes(texture->view());
}

void encode_body(Bytes& out, std::uint8_t flag) { out.push_back(flag); }

void encode_body(Bytes& out, const TagSet& value) {
  ByteWriter writer(out);
  writer.put(static_cast<std::uint32_t>(value.size()));
  for (const auto& tag : value) put_sized(writer, as_bytes(tag));
}

void encode_body(Bytes& out, const Light& value) {
  ByteWriter writer(out);
  writer.put(static_cast<std::uint8_t>(value.kind));
  put_vec3(writer, value.color);
  writer.put(value.intensity);
  writer.put(value.range);
  writer.put(value.inner_cone_angle);
  writer.put(value.outer_cone_angle);
}

void encode_body(Bytes& out, const Camera& value) {
  ByteWriter writer(out);
  writer.put(static_cast<std::uint8_t>(value.kind));
  writer.put(value.vertical_fov);
  writer.put(value.aspect_ratio);
  writer.put(value.x_magnification);
  writer.put(value.y_magnification);
  writer.put(value.near_plane);
  writer.put(value.far_plane);
}

void encode_body(Bytes& out, const Bytes& value) {
  ByteWriter writer(out);
  put_sized(writer, value);
}

void encode_body(Bytes& out, const Place& value) {
  ByteWriter writer(out);
  writer.put(value.parent.value());
  writer.put(value.order);
}

void append_canonical(const ComponentValue& value, Bytes& out) {
  std::visit(
      [&out](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          out.push_back(0);
        } else if constexpr (std::is_same_v<Held, bool>) {
          out.push_back(1);
          encode_body(out, static_cast<std::uint8_t>(held ? 1 : 0));
        } else {
          out.push_back(1);
          encode_body(out, held);
        }
      },
      value);
}

std::optional<ComponentValue> decode_value(ByteReader& reader, Component component, Source source) {
  const auto presence = reader.get<std::uint8_t>();
  if (!reader.ok() || presence > 1) return std::nullopt;
  if (presence == 0) {
    if (component == Component::parent || static_cast<std::size_t>(component) >= kComponentCount) return std::nullopt;
    return ComponentValue{};
  }
  BodyReader body(reader, source);
  auto value = read_body(body, component);
  if (!body.ok()) return std::nullopt;
  return value;
}

std::optional<ComponentValue> read_canonical(ByteReader& reader, Component component) {
  return decode_value(reader, component, Source::hostile);
}

bool is_value_of(const ComponentValue& value, Component component) {
  if (std::holds_alternative<std::monostate>(value)) return component != Component::parent;
  switch (component) {
    case Component::existence: return false;
    case Component::parent: return std::holds_alternative<Place>(value);
    case Component::name: return std::holds_alternative<std::string>(value);
    case Component::transform: return std::holds_alternative<Transform>(value);
    case Component::mesh: return std::holds_alternative<AssetId>(value);
    case Component::material: return std::holds_alternative<Material>(value);
    case Component::visibility: return std::holds_alternative<bool>(value);
    case Component::tags: return std::holds_alternative<TagSet>(value);
    case Component::light: return std::holds_alternative<Light>(value);
    case Component::camera: return std::holds_alternative<Camera>(value);
    case Component::application: return std::holds_alternative<Bytes>(value);
  }
  return false;
}

ElementHead read_element_head(ByteReader& reader) {
  ElementHead head;
  head.key.entity = ObjectId{reader.get<std::uint64_t>()};
  head.key.component = static_cast<Component>(reader.get<std::uint8_t>());
  head.key.application = reader.get<std::uint64_t>();
  const auto stamp = reader.get<std::uint64_t>();
  const auto writer = reader.get<std::uint64_t>();
  head.version = Version::from_raw(stamp, writer);
  return head;
}

Element::Element() {
  buffer_.reserve(kElementDomainBytes + kElementHeadBytes + 256);
  buffer_.resize(kElementDomainBytes);
  std::memcpy(buffer_.data(), kElementDomain.data(), kElementDomain.size());
}

Bytes& Element::begin(const RegisterKey& key, const Version& version) {
  buffer_.resize(kElementDomainBytes + kElementHeadBytes);
  write_element_head(buffer_.data() + kElementDomainBytes, key, version);
  return buffer_;
}

void Element::assign(ByteView preimage) {
  buffer_.resize(kElementDomainBytes);
  buffer_.insert(buffer_.end(), preimage.begin(), preimage.end());
}

}  // namespace theta::scene
