#include "theta/hub/server_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace theta::hub {
namespace {

TEST(HubServerConfig, AnEmptyFileIsTheDefaults) {
  const auto config = parse_config("", "theta.toml");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->hub.log.commands.burst, 100);
  EXPECT_EQ(config->hub.log.commands.per_second, 10);
  EXPECT_EQ(config->hub.log.payload_bytes_max, limits::kPayloadBytesMax);
}

TEST(HubServerConfig, EverySettingCanBeWrittenAsItIsListed) {
  std::map<std::string, std::string> sections;
  for (const auto& setting : list_settings(ServerConfig{})) {
    const auto dot = setting.name.find('.');
    sections[setting.name.substr(0, dot)] += setting.name.substr(dot + 1) + " = " + setting.value + "\n";
  }
  std::string toml;
  for (const auto& [section, lines] : sections) toml += "[" + section + "]\n" + lines;
  const auto config = parse_config(toml, "theta.toml");
  ASSERT_TRUE(config.has_value()) << config.error().message << "\n" << toml;
}

TEST(HubServerConfig, TheManualListsEverySettingWithItsDefault) {
  std::ifstream file(THETA_SOURCE_DIR "/docs/hub.md");
  std::stringstream manual;
  manual << file.rdbuf();
  ASSERT_FALSE(manual.str().empty());
  for (const auto& setting : list_settings(ServerConfig{}))
    EXPECT_NE(manual.str().find("| `" + setting.name + "` | " + setting.value + " |"), std::string::npos)
        << setting.name << " = " << setting.value;
}

TEST(HubServerConfig, ASettingIsTaken) {
  const auto config = parse_config(
      "[guards]\ncommands_burst = 20\ncommands_per_second = 2.5\n"
      "[presence]\nflush_ms = 33\n[transport]\nidle_timeout_ms = 9000\n",
      "theta.toml");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->hub.log.commands.burst, 20);
  EXPECT_EQ(config->hub.log.commands.per_second, 2.5);
  EXPECT_EQ(config->hub.presence_flush, std::chrono::milliseconds(33));
  EXPECT_EQ(config->quic.idle_timeout, std::chrono::seconds(9));
}

TEST(HubServerConfig, AnUnknownKeyIsRefusedWithItsLine) {
  const auto config = parse_config("[guards]\ncommands_burst = 20\ncommand_burst = 20\n", "theta.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code, ConfigError::unknown_key);
  EXPECT_NE(config.error().message.find("theta.toml:3"), std::string::npos) << config.error().message;
}

TEST(HubServerConfig, AnUnknownSectionIsRefusedWithItsLine) {
  const auto config = parse_config("\n[guard]\n", "theta.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code, ConfigError::unknown_key);
  EXPECT_NE(config.error().message.find("theta.toml:2"), std::string::npos) << config.error().message;
}

TEST(HubServerConfig, ValuesOutOfBoundsOrOfTheWrongKindAreRefused) {
  for (const char* toml : {"[guards]\npayload_bytes_max = 65537\n", "[guards]\npayload_bytes_max = 0\n",
                           "[guards]\npayload_bytes_max = 1.5\n", "[guards]\npayload_bytes_max = \"1\"\n",
                           "[guards]\npayload_bytes_max = true\n", "[guards]\ncommands_per_second = nan\n",
                           "[guards]\nclock_skew_max_ms = -1\n"}) {
    const auto config = parse_config(toml, "theta.toml");
    ASSERT_FALSE(config.has_value()) << toml;
    EXPECT_EQ(config.error().code, ConfigError::bad_value) << toml;
  }
}

TEST(HubServerConfig, WhatIsNoTomlIsRefusedWithItsLine) {
  const auto config = parse_config("[guards]\ncommands_burst 20\n", "theta.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code, ConfigError::malformed);
  EXPECT_NE(config.error().message.find("theta.toml:2"), std::string::npos) << config.error().message;
}

TEST(HubServerConfig, TheEnvironmentOverridesTheFile) {
  const auto config = parse_config("[guards]\ncommands_burst = 20\n", "theta.toml");
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_GUARDS_COMMANDS_BURST") return "30";
    return std::nullopt;
  };
  const auto result = apply_environment(*config, environment);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->hub.log.commands.burst, 30);
}

TEST(HubServerConfig, TextsAreTakenFromFileAndEnvironment) {
  const auto config = parse_config("[hub]\ndata = \"/srv/theta\"\nlisten = \"[::1]:1\"\n", "theta.toml");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_HUB_LISTEN") return "[::1]:2";
    return std::nullopt;
  };
  const auto result = apply_environment(*config, environment);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->place.data, "/srv/theta");
  EXPECT_EQ(result->place.listen, "[::1]:2");
  EXPECT_EQ(result->place.http, "127.0.0.1:4480");
}

TEST(HubServerConfig, ANumberWhereATextBelongsIsRefusedWithItsPlace) {
  const auto config = parse_config("[hub]\nlisten = 4433\n", "theta.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().message, "theta.toml:2:10: hub.listen takes a text in quotes.");
}

TEST(HubServerConfig, ABadVariableIsNamed) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_ROOMS_RING_BYTES_MAX") return "many";
    return std::nullopt;
  };
  const auto result = apply_environment(ServerConfig{}, environment);
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("THETA_ROOMS_RING_BYTES_MAX"), std::string::npos);
}

TEST(HubServerConfig, AFileThatIsNotThereIsNamed) {
  const auto config = read_config_file("no/such/theta.toml");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().code, ConfigError::unreadable);
  EXPECT_NE(config.error().message.find("no/such/theta.toml"), std::string::npos);
}

}  // namespace
}  // namespace theta::hub
