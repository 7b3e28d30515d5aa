#pragma once

namespace theta::store {

class AssetFiles;
class DataFolderReader;
class FileSystem;
class InlineEngine;
class LogEngine;
class RoomDatabase;
class SimDisk;
class SqliteEngine;

}  // namespace theta::store
