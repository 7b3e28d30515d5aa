#include "theta/store/data_folder_reader.h"

#include <utility>

#include "asset_service.h"

namespace theta::store {

struct DataFolderReader::State {
  State(RoomDatabase opened, std::unique_ptr<FileSystem> folder)
      : database(std::move(opened)), files(std::move(folder)), assets(*files) {}
  RoomDatabase database;
  std::unique_ptr<FileSystem> files;
  AssetFiles assets;
};

DataFolderReader::DataFolderReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
DataFolderReader::DataFolderReader(DataFolderReader&&) noexcept = default;
DataFolderReader::~DataFolderReader() = default;

StoreResult<DataFolderReader> DataFolderReader::open(const std::string& data_folder) {
  auto database = RoomDatabase::open_read_only(data_folder + "/theta.db", {});
  if (!database) return tl::unexpected(std::move(database.error()));
  return DataFolderReader(std::make_unique<State>(std::move(*database), make_real_file_system(data_folder)));
}

StoreResult<Answer> DataFolderReader::read(const Request& request) {
  if (const auto* chunk = std::get_if<ReadAssetChunk>(&request))
    return read_asset_chunk(state_->database, state_->assets, *chunk);
  if (!RoomDatabase::is_read(request))
    return fail(StoreError::invalid, "a data folder that is open for reading takes no writes");
  return state_->database.read(request);
}

StoreResult<std::vector<std::string>> DataFolderReader::verify() { return state_->database.verify(); }

}  // namespace theta::store
