#include "fuzz_input.h"
#include "offline.h"
#include "theta/json/command_json.h"

// One line of what `theta join` reads: a command that is shown, or a sentence and nothing changed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto line = json::Json::parse(text, nullptr, false);
  if (line.is_discarded()) return 0;
  static const Bytes state = fuzz::received_state();
  fuzz::Disk disk;
  disk.stored.state = state;
  fuzz::OfflineSession offline(disk);
  auto& session = offline.session;
  THETA_CHECK(session.restore().has_value());
  const auto before = session.scene().hash();
  const auto submitted = json::submit_json(session, line);
  if (submitted) {
    THETA_CHECK(session.statistics().queued_commands == 1);
    return 0;
  }
  THETA_CHECK(!submitted.error().message.empty() && session.statistics().queued_commands == 0);
  THETA_CHECK(session.scene().hash() == before);
  return 0;
}
