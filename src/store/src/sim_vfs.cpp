// The disk's face towards SQLite. Version 1 of the file methods has no shared memory, so WAL needs exclusive locking;
// locks succeed, as nobody else is there.

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "sim_disk_state.h"
#include "theta/base/check.h"

namespace theta::store {

namespace {

constexpr int kPathBytesMax = 512;
/// What SQLite's own VFS reports on Linux; how torn writes fall apart is the disk's option.
constexpr int kReportedSectorBytes = 4096;

/// SQLite allocates it, so it begins with what SQLite knows.
struct SimHandle {
  sqlite3_file base;
  SimDisk::State* disk;
  SimFile* file;
  std::uint64_t process;
  /// The name's folder is synced with the first sync, as SQLite's own VFS does for logs that it makes.
  bool sync_folder;
  bool delete_on_close;
};

SimHandle& handle_of(sqlite3_file* file) { return *reinterpret_cast<SimHandle*>(file); }
SimDisk::State& disk_of(sqlite3_vfs* vfs) { return *static_cast<SimDisk::State*>(vfs->pAppData); }

int code_of(DiskResult result, int otherwise) {
  if (result == DiskResult::ok) return SQLITE_OK;
  return result == DiskResult::no_space ? SQLITE_FULL : otherwise;
}

int close_file(sqlite3_file* file) {
  auto& handle = handle_of(file);
  if (handle.file->path.empty()) {
    *handle.file = {};
  } else if (handle.delete_on_close) {
    static_cast<void>(handle.disk->remove(handle.process, handle.file->path));
  }
  handle.~SimHandle();
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  auto& handle = handle_of(file);
  Bytes bytes;
  const auto result = handle.disk->read(handle.process, *handle.file, static_cast<std::uint64_t>(offset),
                                        static_cast<std::size_t>(size), bytes);
  if (result != DiskResult::ok) return SQLITE_IOERR_READ;
  std::copy(bytes.begin(), bytes.end(), static_cast<std::uint8_t*>(out));
  if (bytes.size() == static_cast<std::size_t>(size)) return SQLITE_OK;
  std::memset(static_cast<std::uint8_t*>(out) + bytes.size(), 0, static_cast<std::size_t>(size) - bytes.size());
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  auto& handle = handle_of(file);
  const ByteView bytes{static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
  return code_of(handle.disk->write(handle.process, *handle.file, static_cast<std::uint64_t>(offset), bytes),
                 SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  auto& handle = handle_of(file);
  return code_of(handle.disk->resize(handle.process, *handle.file, static_cast<std::uint64_t>(size)),
                 SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
  auto& handle = handle_of(file);
  const auto result = handle.disk->sync(handle.process, *handle.file);
  if (result != DiskResult::ok) return SQLITE_IOERR_FSYNC;
  if (!handle.sync_folder) return SQLITE_OK;
  if (handle.disk->sync_directory(handle.process, folder_of_path(handle.file->path)) != DiskResult::ok)
    return SQLITE_IOERR_DIR_FSYNC;
  handle.sync_folder = false;
  return SQLITE_OK;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  auto& handle = handle_of(file);
  if (!handle.disk->is_alive(handle.process)) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(handle.file->current.size());
  return SQLITE_OK;
}

int lock_file(sqlite3_file*, int) { return SQLITE_OK; }

int check_reserved_lock(sqlite3_file*, int* is_locked) {
  *is_locked = 0;
  return SQLITE_OK;
}

int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return kReportedSectorBytes; }
int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

sqlite3_io_methods make_methods() {
  sqlite3_io_methods methods{};
  methods.iVersion = 1;
  methods.xClose = close_file;
  methods.xRead = read_file;
  methods.xWrite = write_file;
  methods.xTruncate = truncate_file;
  methods.xSync = sync_file;
  methods.xFileSize = size_of_file;
  methods.xLock = lock_file;
  methods.xUnlock = lock_file;
  methods.xCheckReservedLock = check_reserved_lock;
  methods.xFileControl = control_file;
  methods.xSectorSize = sector_size;
  methods.xDeviceCharacteristics = device_characteristics;
  return methods;
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
  static const sqlite3_io_methods kMethods = make_methods();
  auto& disk = disk_of(vfs);
  // SQLite closes only what has methods, so a failure leaves them null.
  out->pMethods = nullptr;
  SimFile* file = nullptr;
  bool sync_folder = false;
  if (name == nullptr) {
    // A temporary file has no name and nothing to lose.
    if (!disk.is_alive(disk.process)) return SQLITE_CANTOPEN;
    file = disk.make_file({});
  } else {
    const bool existed = disk.find(name) != nullptr;
    const auto result = disk.open(disk.process, name, (flags & SQLITE_OPEN_CREATE) != 0, file);
    if (result != DiskResult::ok) return code_of(result, SQLITE_CANTOPEN);
    constexpr int kLogs = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    sync_folder = !existed && (flags & kLogs) != 0;
  }
  auto* handle =
      ::new (out) SimHandle{{}, &disk, file, disk.process, sync_folder, (flags & SQLITE_OPEN_DELETEONCLOSE) != 0};
  handle->base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  auto& disk = disk_of(vfs);
  const auto result = disk.remove(disk.process, name);
  if (result == DiskResult::not_found) return SQLITE_IOERR_DELETE_NOENT;
  if (result != DiskResult::ok) return SQLITE_IOERR_DELETE;
  if (sync_folder == 0) return SQLITE_OK;
  return disk.sync_directory(disk.process, folder_of_path(name)) == DiskResult::ok ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* answer) {
  *answer = disk_of(vfs).find(name) != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int random_bytes(sqlite3_vfs* vfs, int size, char* out) {
  auto& state = disk_of(vfs).random_state;
  for (int at = 0; at < size; ++at) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    out[at] = static_cast<char>(state >> 56);
  }
  return size;
}

int sleep_for(sqlite3_vfs*, int) { return 0; }

int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* julian_ms) {
  constexpr sqlite3_int64 kUnixEpochJulianMs = 210866760000000;
  *julian_ms = kUnixEpochJulianMs + disk_of(vfs).now.time_since_epoch().count();
  return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* julian_days) {
  constexpr double kMsPerDay = 86400000.0;
  sqlite3_int64 julian_ms = 0;
  const int result = current_time_ms(vfs, &julian_ms);
  *julian_days = static_cast<double>(julian_ms) / kMsPerDay;
  return result;
}

int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

void register_sim_vfs(SimDisk::State& disk) {
  auto& vfs = disk.vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(SimHandle);
  vfs.mxPathname = kPathBytesMax;
  vfs.zName = disk.vfs_name.c_str();
  vfs.pAppData = &disk;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = random_bytes;
  vfs.xSleep = sleep_for;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time_ms;
  THETA_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

void unregister_sim_vfs(SimDisk::State& disk) { sqlite3_vfs_unregister(&disk.vfs); }

}  // namespace theta::store
