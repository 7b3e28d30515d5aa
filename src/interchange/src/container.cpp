#include "container.h"

#include <string>

#include "theta/base/byte_codec.h"

namespace theta::interchange {
namespace {

constexpr std::uint32_t kMagic = 0x46546C67;      // "glTF"
constexpr std::uint32_t kJsonChunk = 0x4E4F534A;  // "JSON"
constexpr std::uint32_t kBinChunk = 0x004E4942;   // "BIN"
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kChunkHeaderBytes = 8;

std::uint32_t u32_at(ByteView bytes, std::size_t offset) {
  return ByteReader(bytes.subspan(offset)).get<std::uint32_t>();
}

[[noreturn]] void reject_at(std::size_t offset, const std::string& field, const std::string& expected,
                            std::uint64_t got) {
  reject(ImportError::malformed,
         "offset " + std::to_string(offset) + ": " + field + ": expected " + expected + ", got " + std::to_string(got));
}

struct Chunk {
  std::uint32_t type = 0;
  std::size_t offset = 0;  // of its data
  ByteView data;
};

/// The chunk whose header stands at `offset`; `glb` ends where the header of the file says.
Chunk chunk_at(ByteView glb, std::size_t offset) {
  const auto rest = glb.size() - offset;
  if (rest < kChunkHeaderBytes) reject_at(offset, "chunk header", "8 bytes", rest);
  const auto size = u32_at(glb, offset);
  if (size > rest - kChunkHeaderBytes)
    reject_at(offset, "chunk length",
              "at most " + std::to_string(rest - kChunkHeaderBytes) + " (what is left of the file)", size);
  return {u32_at(glb, offset + 4), offset + kChunkHeaderBytes, glb.subspan(offset + kChunkHeaderBytes, size)};
}

ByteView checked_glb(ByteView file, Warnings& warnings) {
  if (file.size() < kHeaderBytes + kChunkHeaderBytes)
    reject_at(0, "GLB", "at least " + std::to_string(kHeaderBytes + kChunkHeaderBytes) + " bytes", file.size());
  const auto version = u32_at(file, 4);
  if (version != 2) reject_at(4, "GLB version", "2", version);
  const auto length = u32_at(file, 8);
  if (length > file.size() || length < kHeaderBytes + kChunkHeaderBytes)
    reject_at(8, "GLB length", "20.." + std::to_string(file.size()) + " (the file's size)", length);
  if (length < file.size())
    warnings.add("the file has " + std::to_string(file.size() - length) +
                 " bytes after the GLB's end, which were ignored");
  return file.first(length);
}

}  // namespace

Container split_container(ByteView file, Warnings& warnings) {
  if (file.size() < 4 || u32_at(file, 0) != kMagic) return {file, 0, std::nullopt};
  const auto glb = checked_glb(file, warnings);
  const auto json = chunk_at(glb, kHeaderBytes);
  if (json.type != kJsonChunk)
    reject_at(kHeaderBytes + 4, "first chunk's type", std::to_string(kJsonChunk) + " (JSON)", json.type);

  Container container{json.data, json.offset, std::nullopt};
  std::size_t next = json.offset + json.data.size();
  // Only the second chunk may be BIN; later ones belong to extensions and are skipped, but must fit the file.
  for (std::size_t number = 1; next < glb.size(); ++number) {
    const auto chunk = chunk_at(glb, next);
    if (number == 1 && chunk.type == kBinChunk) container.bin = chunk.data;
    next = chunk.offset + chunk.data.size();
  }
  return container;
}

}  // namespace theta::interchange
