#include "theta/store/sim_disk.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "sim_disk_state.h"

namespace theta::store {

namespace {

DiskResult result_of(DiskFault fault) { return fault == DiskFault::no_space ? DiskResult::no_space : DiskResult::io; }

/// How one file's pending changes fare when the power goes.
enum class Fate : std::uint8_t { none_survives, all_survive, prefix_survives, any_sector_survives, count };

/// Applies those sectors of a write that `survives` lets through.
template <class Survives>
void apply_sectors(Bytes& bytes, const SimFile::Change& change, std::uint32_t sector_bytes, const Survives& survives) {
  std::uint64_t at = change.offset;
  const std::uint64_t end = change.offset + change.bytes.size();
  while (at < end) {
    const std::uint64_t sector_end = std::min(end, (at / sector_bytes + 1) * sector_bytes);
    if (survives()) {
      const auto first = change.bytes.begin() + static_cast<std::ptrdiff_t>(at - change.offset);
      const auto last = change.bytes.begin() + static_cast<std::ptrdiff_t>(sector_end - change.offset);
      apply_change(bytes, {false, at, Bytes(first, last)});
    }
    at = sector_end;
  }
}

void lose_pending(SimFile& file, std::uint32_t sector_bytes, const SimDisk::Random& random) {
  const auto fate = static_cast<Fate>(random() % static_cast<std::uint64_t>(Fate::count));
  Bytes bytes = std::move(file.durable);
  std::size_t whole = 0;
  if (fate == Fate::all_survive) whole = file.pending.size();
  if (fate == Fate::prefix_survives && !file.pending.empty()) whole = random() % file.pending.size();
  for (std::size_t at = 0; at < file.pending.size(); ++at) {
    const auto& change = file.pending[at];
    if (at < whole) {
      apply_change(bytes, change);
    } else if (fate == Fate::any_sector_survives || (fate == Fate::prefix_survives && at == whole)) {
      const auto survives = [&] { return random() % 2 == 0; };
      if (!change.is_resize)
        apply_sectors(bytes, change, sector_bytes, survives);
      else if (survives())
        apply_change(bytes, change);
    }
  }
  file.pending.clear();
  file.durable = std::move(bytes);
  file.current = file.durable;
}

}  // namespace

void apply_change(Bytes& bytes, const SimFile::Change& change) {
  if (change.is_resize) {
    bytes.resize(change.offset);
    return;
  }
  if (bytes.size() < change.offset + change.bytes.size()) bytes.resize(change.offset + change.bytes.size());
  std::copy(change.bytes.begin(), change.bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

std::string folder_of_path(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

SimFile* SimDisk::State::find(const std::string& path) const {
  const auto found = names.find(path);
  return found == names.end() ? nullptr : found->second;
}

SimFile* SimDisk::State::make_file(const std::string& path) {
  all_files.push_back(std::make_unique<SimFile>());
  all_files.back()->path = path;
  all_files.back()->modified = now;
  return all_files.back().get();
}

DiskFault SimDisk::State::meet(std::uint64_t of_process, DiskOperation operation, const std::string& path) {
  if (!is_alive(of_process)) return DiskFault::io;
  DiskFault fault = hook ? hook(operation, path) : DiskFault::none;
  if (operation != DiskOperation::read) {
    ++changes;
    if (changes == cut_at) fault = DiskFault::power_cut;
  }
  if (fault == DiskFault::power_cut) is_dead = true;
  if (fault == DiskFault::lie && operation != DiskOperation::sync && operation != DiskOperation::sync_directory)
    return DiskFault::none;
  return fault;
}

DiskResult SimDisk::State::open(std::uint64_t of_process, const std::string& path, bool may_create, SimFile*& file) {
  if (!is_alive(of_process)) return DiskResult::io;
  file = find(path);
  if (file != nullptr) return DiskResult::ok;
  if (!may_create) return DiskResult::not_found;
  const auto fault = meet(of_process, DiskOperation::create, path);
  if (fault == DiskFault::io || fault == DiskFault::no_space) return result_of(fault);
  file = make_file(path);
  pending_names.push_back({"", path, file});
  apply_name_change(names, pending_names.back());
  return fault == DiskFault::power_cut ? DiskResult::io : DiskResult::ok;
}

DiskResult SimDisk::State::read(std::uint64_t of_process, const SimFile& file, std::uint64_t offset, std::size_t size,
                                Bytes& bytes) {
  const auto fault = meet(of_process, DiskOperation::read, file.path);
  if (fault != DiskFault::none) return result_of(fault);
  bytes.clear();
  if (offset >= file.current.size()) return DiskResult::ok;
  const auto count = std::min<std::uint64_t>(size, file.current.size() - offset);
  const auto first = file.current.begin() + static_cast<std::ptrdiff_t>(offset);
  bytes.assign(first, first + static_cast<std::ptrdiff_t>(count));
  return DiskResult::ok;
}

DiskResult SimDisk::State::write(std::uint64_t of_process, SimFile& file, std::uint64_t offset, ByteView bytes) {
  const auto fault = meet(of_process, DiskOperation::write, file.path);
  if (fault == DiskFault::io || fault == DiskFault::no_space) return result_of(fault);
  std::size_t fits = bytes.size();
  const std::uint64_t size_after = std::max<std::uint64_t>(file.current.size(), offset + bytes.size());
  const std::uint64_t growth = size_after - file.current.size();
  const std::uint64_t used = used_bytes();
  const std::uint64_t room = options.capacity_bytes > used ? options.capacity_bytes - used : 0;
  if (growth > room) fits = bytes.size() - std::min<std::uint64_t>(bytes.size(), growth - room);
  if (fits > 0) {
    const auto part = bytes.first(fits);
    file.pending.push_back({false, offset, Bytes(part.begin(), part.end())});
    apply_change(file.current, file.pending.back());
    file.modified = now;
  }
  if (fault == DiskFault::power_cut) return DiskResult::io;
  return fits == bytes.size() ? DiskResult::ok : DiskResult::no_space;
}

DiskResult SimDisk::State::resize(std::uint64_t of_process, SimFile& file, std::uint64_t size) {
  const auto fault = meet(of_process, DiskOperation::resize, file.path);
  if (fault == DiskFault::io || fault == DiskFault::no_space) return result_of(fault);
  file.pending.push_back({true, size, {}});
  apply_change(file.current, file.pending.back());
  file.modified = now;
  return fault == DiskFault::power_cut ? DiskResult::io : DiskResult::ok;
}

DiskResult SimDisk::State::sync(std::uint64_t of_process, SimFile& file) {
  const auto fault = meet(of_process, DiskOperation::sync, file.path);
  if (fault == DiskFault::lie) return DiskResult::ok;
  if (fault != DiskFault::none) return result_of(fault);
  for (const auto& change : file.pending) apply_change(file.durable, change);
  file.pending.clear();
  return DiskResult::ok;
}

DiskResult SimDisk::State::remove(std::uint64_t of_process, const std::string& path) {
  if (!is_alive(of_process)) return DiskResult::io;
  if (find(path) == nullptr) return DiskResult::not_found;
  const auto fault = meet(of_process, DiskOperation::remove, path);
  if (fault == DiskFault::io || fault == DiskFault::no_space) return result_of(fault);
  pending_names.push_back({path, "", nullptr});
  apply_name_change(names, pending_names.back());
  return fault == DiskFault::power_cut ? DiskResult::io : DiskResult::ok;
}

DiskResult SimDisk::State::rename(std::uint64_t of_process, const std::string& from, const std::string& to) {
  if (!is_alive(of_process)) return DiskResult::io;
  auto* const file = find(from);
  if (file == nullptr) return DiskResult::not_found;
  const auto fault = meet(of_process, DiskOperation::rename, from);
  if (fault == DiskFault::io || fault == DiskFault::no_space) return result_of(fault);
  pending_names.push_back({from, to, file});
  apply_name_change(names, pending_names.back());
  return fault == DiskFault::power_cut ? DiskResult::io : DiskResult::ok;
}

DiskResult SimDisk::State::sync_directory(std::uint64_t of_process, const std::string& path) {
  const auto fault = meet(of_process, DiskOperation::sync_directory, path);
  if (fault == DiskFault::lie) return DiskResult::ok;
  if (fault != DiskFault::none) return result_of(fault);
  // A rename counts for the folder it leads to; that it also left another one follows with it.
  const auto is_here = [&](const NameChange& change) {
    return folder_of_path(change.added.empty() ? change.removed : change.added) == path;
  };
  for (const auto& change : pending_names)
    if (is_here(change)) apply_name_change(durable_names, change);
  std::erase_if(pending_names, is_here);
  return DiskResult::ok;
}

std::uint64_t SimDisk::State::used_bytes() const {
  std::uint64_t used = 0;
  for (const auto& [path, file] : names) used += file->current.size();
  return used;
}

void SimDisk::State::apply_name_change(Names& to, const NameChange& change) const {
  if (!change.removed.empty()) to.erase(change.removed);
  if (!change.added.empty()) to[change.added] = change.file;
}

SimDisk::SimDisk(const Options& options) : state_(std::make_unique<State>()) {
  static std::atomic<std::uint64_t> disk_count{0};
  state_->options = options;
  state_->vfs_name = "theta-sim-disk-" + std::to_string(++disk_count);
  register_sim_vfs(*state_);
}

SimDisk::~SimDisk() { unregister_sim_vfs(*state_); }

const char* SimDisk::vfs_name() const { return state_->vfs_name.c_str(); }

std::unique_ptr<FileSystem> SimDisk::file_system(std::string root) {
  return make_sim_file_system(*state_, std::move(root));
}

void SimDisk::set_fault_hook(FaultHook hook) { state_->hook = std::move(hook); }
void SimDisk::set_capacity(std::uint64_t capacity_bytes) { state_->options.capacity_bytes = capacity_bytes; }
std::uint64_t SimDisk::used_bytes() const { return state_->used_bytes(); }
void SimDisk::set_time(WallTime now) { state_->now = now; }
void SimDisk::cut_power_at(std::uint64_t count) { state_->cut_at = count == 0 ? 0 : state_->changes + count; }
bool SimDisk::has_power() const { return !state_->is_dead; }
std::uint64_t SimDisk::change_count() const { return state_->changes; }

void SimDisk::end_process() {
  ++state_->process;
  state_->is_dead = false;
  state_->cut_at = 0;
}

void SimDisk::lose_power(const Random& random) {
  end_process();
  // Folders are journaled: of the changes to names, a prefix survives.
  const std::size_t kept = state_->pending_names.empty() ? 0 : random() % (state_->pending_names.size() + 1);
  for (std::size_t at = 0; at < kept; ++at) state_->apply_name_change(state_->durable_names, state_->pending_names[at]);
  state_->pending_names.clear();
  state_->names = state_->durable_names;
  for (auto& [path, file] : state_->names) lose_pending(*file, state_->options.sector_bytes, random);
  for (auto& file : state_->all_files) {
    const bool is_named = std::any_of(state_->names.begin(), state_->names.end(),
                                      [&](const auto& name) { return name.second == file.get(); });
    if (!is_named) *file = SimFile{file->path, {}, {}, {}, {}};
  }
}

bool SimDisk::damage(const std::string& path, std::uint64_t offset, std::uint8_t mask) {
  auto* const file = state_->find(path);
  if (file == nullptr || offset >= file->current.size()) return false;
  file->current[offset] ^= mask;
  if (offset < file->durable.size()) file->durable[offset] ^= mask;
  return true;
}

std::vector<SimDisk::File> SimDisk::files() const {
  std::vector<File> files;
  for (const auto& [path, file] : state_->names) files.push_back({path, file->current.size()});
  return files;
}

}  // namespace theta::store
