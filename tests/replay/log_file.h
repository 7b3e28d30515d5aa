#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "theta/base/byte_codec.h"
#include "theta/base/bytes.h"

namespace theta::replay {

/// A recorded log: for each record its size (u32, little-endian) and its stored form.

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

[[nodiscard]] inline bool write_log(const char* path, const std::vector<Bytes>& records) {
  Bytes all;
  ByteWriter writer(all);
  for (const auto& record : records) {
    writer.put(static_cast<std::uint32_t>(record.size()));
    writer.put_bytes(record);
  }
  const File file(std::fopen(path, "wb"));
  return file && std::fwrite(all.data(), 1, all.size(), file.get()) == all.size() && std::fflush(file.get()) == 0;
}

/// Empty when the file can't be read or is cut short.
[[nodiscard]] inline std::optional<std::vector<Bytes>> read_log(const char* path) {
  const File file(std::fopen(path, "rb"));
  if (!file) return std::nullopt;
  Bytes all;
  Bytes part(std::size_t{1} << 16);
  for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), file.get())) > 0;)
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got));

  std::vector<Bytes> records;
  ByteReader reader(all);
  while (reader.ok() && reader.remaining() > 0) {
    const auto bytes = reader.get_bytes(reader.get<std::uint32_t>());
    records.emplace_back(bytes.begin(), bytes.end());
  }
  if (!reader.done()) return std::nullopt;
  return records;
}

}  // namespace theta::replay
