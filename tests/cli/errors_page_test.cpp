#include <algorithm>
#include <iterator>

#include <gtest/gtest.h>

#include "json/document_rows.h"
#include "theta/log/command_rules.h"
#include "theta/replica/outcome.h"
#include "theta/transport/names.h"
#include "theta/wire/schema.h"

namespace theta::cli {
namespace {

namespace fb = wire::fb;

// docs/errors.md is where somebody looks up what a program has told: it must list every code that is told, and no
// other. The schema's numbers keep their meaning for ever, so a code that is no longer sent stays there, and is named
// here.
constexpr fb::RefusalCode kRefusalsNoLongerSent[] = {fb::RefusalCode::stale_base};
constexpr fb::NoticeKind kNoticesNoLongerSent[] = {fb::NoticeKind::lagging};

template <class Code, std::size_t Count>
bool is_in(const Code (&codes)[Count], Code code) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

TEST(ErrorsPage, ListsExactlyTheRefusals) {
  auto rows = json::testing::rows_of("errors.md", "Refusals");
  for (const auto code : fb::EnumValuesRefusalCode()) {
    if (code == fb::RefusalCode::none || is_in(kRefusalsNoLongerSent, code)) continue;
    const std::string name = log::refusal_name(code);
    const auto row = rows.find(name);
    ASSERT_NE(row, rows.end()) << name;
    EXPECT_EQ(row->second.rfind(" | yes |", 0) == 0, log::is_retryable(code)) << name << ": is it kept?";
    rows.erase(row);
  }
  for (const auto& [name, row] : rows) ADD_FAILURE() << "there is no refusal " << name;
}

TEST(ErrorsPage, ListsExactlyTheReasonsOfOutcomes) {
  auto rows = json::testing::rows_of("errors.md", "Outcomes");
  for (int value = 1; value <= static_cast<int>(replica::RejectReason::id_in_use); ++value) {
    const std::string name = replica::reason_name(static_cast<replica::RejectReason>(value));
    EXPECT_EQ(rows.erase(name), 1U) << name;
  }
  for (const auto& [name, row] : rows) ADD_FAILURE() << "there is no reason " << name;
}

TEST(ErrorsPage, ListsExactlyTheNotices) {
  auto rows = json::testing::rows_of("errors.md", "Notices");
  for (const auto kind : fb::EnumValuesNoticeKind()) {
    if (!is_in(kNoticesNoLongerSent, kind)) {
      EXPECT_EQ(rows.erase(fb::EnumNameNoticeKind(kind)), 1U) << fb::EnumNameNoticeKind(kind);
    }
  }
  for (const auto& [name, row] : rows) ADD_FAILURE() << "there is no notice " << name;
}

TEST(ErrorsPage, ListsExactlyTheReasonsOfClosing) {
  auto rows = json::testing::rows_of("errors.md", "Closing");
  for (int code = 0; code <= static_cast<int>(transport::CloseReason::internal_error); ++code) {
    const auto reason = static_cast<transport::CloseReason>(code);
    const auto row = rows.find(transport::close_reason_name(reason));
    ASSERT_NE(row, rows.end()) << code;
    EXPECT_EQ(row->second.rfind(" | " + std::to_string(code) + " |", 0), 0U) << row->first;
    rows.erase(row);
  }
  for (const auto& [name, row] : rows) ADD_FAILURE() << "nothing closes with " << name;
}

}  // namespace
}  // namespace theta::cli
