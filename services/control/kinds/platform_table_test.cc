// The platform's own command table, by control's own checks.
#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include "libs/config/config.h"
#include "services/control/kinds/command.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::control {
namespace {

TEST(PlatformTableTest, IsGood) {
  gateway::v1::CommandTable table;
  const absl::Status read = config::ReadYamlFile("deploy/commands.yaml", &table);
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_GT(table.commands_size(), 20);
  for (const auto& [name, command] : table.commands()) {
    EXPECT_TRUE(FindKind(kCommand)->name_ok(name)) << name;
    google::protobuf::Any value;
    value.PackFrom(command);
    const Violations wrong = CheckCommand(value);
    EXPECT_TRUE(wrong.empty()) << name << ": " << wrong[0].first << ": " << wrong[0].second;
  }
}

}  // namespace
}  // namespace trivium::control
