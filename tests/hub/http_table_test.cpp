#include "http_table.h"

#include <gtest/gtest.h>

namespace theta::hub {
namespace {

struct Connection final : HttpConnectionBase {
  explicit Connection(const std::string& address) : HttpConnectionBase(*transport::SocketAddress::parse(address)) {}
  void drop() override {}
};

TEST(HttpTable, WhoHasTheMostGoesFirstAndOfThoseTheLeastUsed) {
  HttpTable table;
  Connection lone("192.0.2.1:1");
  Connection first("192.0.2.2:1");
  Connection second("192.0.2.2:2");
  for (auto* connection : {&lone, &first, &second}) table.add(*connection);
  EXPECT_EQ(&table.next_to_go(), &first);
  table.note_use(first);
  EXPECT_EQ(&table.next_to_go(), &second);
  table.remove(second);
  EXPECT_EQ(&table.next_to_go(), &lone) << "of equals, the one that was of use longest ago";
  table.remove(second);
  EXPECT_EQ(table.size(), 2U) << "what is not in it is not taken out twice";
  EXPECT_EQ(table.all().size(), 2U);
}

TEST(HttpTable, ANetworkOfIpv6CountsAsOne) {
  HttpTable table;
  Connection lone("192.0.2.1:1");
  Connection first("[2001:db8:1:1::1]:1");
  Connection second("[2001:db8:1:2::1]:1");
  for (auto* connection : {&lone, &first, &second}) table.add(*connection);
  EXPECT_EQ(&table.next_to_go(), &first);
}

}  // namespace
}  // namespace theta::hub
