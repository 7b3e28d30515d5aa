// Records a room in which authors do anything at all: theta_record_log SEED PACKETS FILE. Prints a line a command,
// "COMMAND SEQUENCED APPLIED", so that the comparison sees what its rooms are made of.

#include <cstdlib>

#include <gtest/gtest.h>

#include "log_file.h"
#include "replica/random_room.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: theta_record_log SEED PACKETS FILE\n");
    return 2;
  }
  // The room's own expectations hold here too: a failed one ends the program instead of only being noted.
  testing::InitGoogleTest();
  testing::FLAGS_gtest_throw_on_failure = true;

  theta::replica::testing::RandomRoom random(std::strtoull(argv[1], nullptr, 10));
  random.run(std::atoi(argv[2]));
  if (!theta::replay::write_log(argv[3], random.room.records)) {
    std::fprintf(stderr, "cannot write %s\n", argv[3]);
    return 1;
  }
  for (std::size_t at = 1; at < random.commands.size(); ++at)
    std::printf("%s %d %d\n", theta::wire::fb::EnumNamesCommand()[at], random.commands[at], random.applied[at]);
  return 0;
}
