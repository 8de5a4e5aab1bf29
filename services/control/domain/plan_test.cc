#include "services/control/domain/plan.h"

#include <gtest/gtest.h>

namespace trivium::control::domain {
namespace {

const std::vector<std::string> kCells = {"cell-a", "cell-b", "cell-c"};

TEST(CheckCellsTest, SaysWhatIsWrongWhere) {
  const struct {
    std::vector<RouteCell> cells;
    Violations want;
  } kCases[] = {
      {{{"cell-a"}, {"cell-b", true}}, {}},
      {{}, {{"cells", "0 cells, want 1 to 8"}}},
      {std::vector<RouteCell>(9, {"cell-a"}), {{"cells", "9 cells, want 1 to 8"}}},
      {{{"cell-a"}, {"cell-a"}}, {{"cells[1].cell", "\"cell-a\" twice, want each cell once"}}},
      {{{"cell-x"}}, {{"cells[0].cell", "\"cell-x\", want one of cell-a, cell-b, cell-c"}}},
      {{{"cell-a", true}}, {{"cells", "all drained, want at least one that takes calls"}}},
      {{{"cell-a", false, {"2", 5}}, {"cell-b", false, {"2", 0}}}, {}},
      {{{"cell-a", false, {"2", 101}}}, {{"cells[0].canary.percent", "101, want 0 to 100"}}},
      {{{"cell-a", false, {"", 5}}}, {{"cells[0].canary.version", "\"\", want 1-64 characters"}}},
  };
  for (const auto& c : kCases) EXPECT_EQ(CheckCells("cells", c.cells, kCells), c.want);
}

TEST(PlanTest, EveryChangeRaisesTheEpochAndKeepsTheOrder) {
  Plan plan;
  const absl::Time now = absl::FromUnixSeconds(100);
  EXPECT_EQ(SetRoute(&plan, "globex", "payment", {{"cell-a"}}, now).epoch, 1);
  EXPECT_EQ(SetRoute(&plan, "acme", "payment", {{"cell-b"}}, now).epoch, 2);
  EXPECT_EQ(SetRoute(&plan, "globex", "payment", {{"cell-c"}}, now).epoch, 3);
  ASSERT_EQ(plan.routes.size(), 2u);
  EXPECT_EQ(plan.routes[0].product, "acme");
  EXPECT_EQ(plan.routes[0].epoch, 2);
  EXPECT_EQ(plan.routes[1].cells[0].cell, "cell-c");
  EXPECT_EQ(plan.epoch, 3);
  EXPECT_EQ(plan.update_time, now);
  EXPECT_FALSE(DeleteRoute(&plan, "acme", "push", now));
  EXPECT_EQ(plan.epoch, 3);
  EXPECT_TRUE(DeleteRoute(&plan, "acme", "payment", now));
  EXPECT_EQ(plan.epoch, 4);
  EXPECT_EQ(FindRoute(plan, "acme", "payment"), nullptr);
}

TEST(ServingCellsTest, FollowsOwnRouteThenTheCommonOneThenEveryCell) {
  Plan plan;
  const absl::Time now = absl::UnixEpoch();
  using Cells = std::vector<RouteCell>;
  const Cells all = {{"cell-a"}, {"cell-b"}, {"cell-c"}};
  EXPECT_EQ(ServingCells(plan, "acme", "payment", kCells), all);
  SetRoute(&plan, "*", "payment", {{"cell-b"}, {"cell-a"}}, now);
  EXPECT_EQ(ServingCells(plan, "acme", "payment", kCells), (Cells{{"cell-b"}, {"cell-a"}}));
  SetRoute(&plan, "acme", "payment", {{"cell-a", true}, {"cell-c", false, {"2", 5}}}, now);
  EXPECT_EQ(ServingCells(plan, "acme", "payment", kCells), (Cells{{"cell-c", false, {"2", 5}}}));
  EXPECT_EQ(ServingCells(plan, "acme", "push", kCells), all);
  SetRoute(&plan, "acme", "payment", {{"cell-a", true}}, now);
  EXPECT_EQ(ServingCells(plan, "acme", "payment", kCells), (Cells{{"cell-a", true}})) << "never no cell at all";
}

}  // namespace
}  // namespace trivium::control::domain
