#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "theta/interchange/gltf.h"

namespace theta::interchange {
namespace {

namespace fs = std::filesystem;

/// A folder of its own a test, with `home/in.bin`, `home/sub/deep.bin` and, outside of home, `secret.bin`.
class FolderResolver : public testing::Test {
 protected:
  FolderResolver() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(testing::TempDir()) / (std::string("theta_folder_resolver_") + test->name());
    fs::remove_all(root_);
    fs::create_directories(root_ / "home" / "sub");
    write("home/in.bin", "12345");
    write("home/sub/deep.bin", "678");
    write("secret.bin", "secret");
  }
  ~FolderResolver() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }

  Expected<Bytes, ImportError> read(std::string_view name, std::size_t bytes_max = 100) {
    return folder_resolver((root_ / "home").string())(name, bytes_max);
  }
  ImportError error(std::string_view name, std::size_t bytes_max = 100) {
    const auto bytes = read(name, bytes_max);
    EXPECT_FALSE(bytes.has_value()) << name;
    if (bytes) return {};
    EXPECT_FALSE(bytes.error().message.empty());
    return bytes.error().code;
  }

  fs::path root_;
};

TEST_F(FolderResolver, ReadsFilesInTheFolderAndBelow) {
  EXPECT_EQ(read("in.bin")->size(), 5U);
  EXPECT_EQ(read("sub/deep.bin")->size(), 3U);
}

TEST_F(FolderResolver, RefusesWhatLeadsOut) {
  EXPECT_EQ(error("../secret.bin"), ImportError::malformed);
  EXPECT_EQ(error((root_ / "secret.bin").string()), ImportError::malformed);
  fs::create_symlink("../secret.bin", root_ / "home" / "link.bin");
  EXPECT_EQ(error("link.bin"), ImportError::malformed);
  fs::create_directory_symlink("..", root_ / "home" / "up");
  EXPECT_EQ(error("up/secret.bin"), ImportError::malformed);
}

TEST_F(FolderResolver, FollowsLinksThatStayInside) {
  fs::create_symlink("sub/deep.bin", root_ / "home" / "link.bin");
  EXPECT_EQ(read("link.bin")->size(), 3U);
}

TEST_F(FolderResolver, RefusesWhatIsNoRegularFile) {
  EXPECT_EQ(error("gone.bin"), ImportError::missing_file);
  EXPECT_EQ(error("sub"), ImportError::missing_file);
  EXPECT_EQ(error(std::string_view("in.bin\0x", 8)), ImportError::malformed);
}

TEST_F(FolderResolver, RefusesHiddenFiles) {
  fs::create_directories(root_ / "home" / ".ssh");
  write("home/.hidden.bin", "secret");
  write("home/.ssh/key.bin", "secret");
  EXPECT_EQ(error(".hidden.bin"), ImportError::malformed);
  EXPECT_EQ(error(".ssh/key.bin"), ImportError::malformed);
  fs::create_symlink(".ssh/key.bin", root_ / "home" / "link.bin");
  EXPECT_EQ(error("link.bin"), ImportError::malformed);
}

TEST_F(FolderResolver, ReadsAFolderBelowAHiddenOne) {
  fs::create_directories(root_ / "home" / ".models");
  write("home/.models/in.bin", "1");
  EXPECT_TRUE(folder_resolver((root_ / "home" / ".models").string())("in.bin", 100).has_value());
}

TEST_F(FolderResolver, HoldsTheSizeBound) {
  EXPECT_TRUE(read("in.bin", 5).has_value());
  EXPECT_EQ(error("in.bin", 4), ImportError::too_large);
}

}  // namespace
}  // namespace theta::interchange
