#include "services/ops/boards.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "libs/status/error.h"

namespace trivium::ops {
namespace {

const Viewer kOwner{"person:o", Role::kOwner, {"acme"}};
const Viewer kViewer{"person:v", Role::kPlatformViewer, {}};

absl::StatusOr<Boards> ReadText(const std::string& yaml) {
  const std::string path = std::string(std::getenv("TEST_TMPDIR")) + "/boards.yaml";
  std::ofstream(path) << yaml;
  return Boards::Read(path);
}

std::string PanelYaml(const std::string& more) {
  return "boards:\n  - id: b\n    title: {zh: 板, en: Board}\n    panels:\n      - id: p\n        title: {zh: 图, en: "
         "Panel}\n"
         "        empty: {zh: 无, en: none}\n" +
         more;
}

TEST(BoardsTest, TheProjectsBoardsAreRead) {
  const auto boards = Boards::Read("dashboards/boards.yaml");
  ASSERT_TRUE(boards.ok()) << boards.status();
  EXPECT_EQ(boards->VisibleTo(kViewer).size(), 6u);
  EXPECT_TRUE(boards->Find(kOwner, "payment", "state_changes").ok());
}

TEST(BoardsTest, AnOwnerDoesNotSeeWhatIsForThePlatform) {
  const auto boards = Boards::Read("dashboards/boards.yaml");
  ASSERT_TRUE(boards.ok()) << boards.status();
  for (const Board& board : boards->VisibleTo(kOwner)) {
    EXPECT_FALSE(board.platform) << board.id;
    for (const Panel& panel : board.panels) EXPECT_FALSE(panel.platform) << panel.id;
  }
  EXPECT_EQ(ReasonOf(boards->Find(kOwner, "platform", "pool").status()), "ROLE_REQUIRED");
  EXPECT_EQ(ReasonOf(boards->Find(kOwner, "payment", "callbacks").status()), "ROLE_REQUIRED");
  EXPECT_TRUE(boards->Find(kViewer, "platform", "pool").ok());
  EXPECT_EQ(ReasonOf(boards->Find(kViewer, "payment", "no-such").status()), "PANEL_NOT_FOUND");
}

TEST(BoardsTest, AQueryWithoutTheProductIsRefusedOutsideThePlatform) {
  const std::string panel = PanelYaml("        unit: count\n        chart: line\n        query: sum(x)\n");
  EXPECT_EQ(ReadText(panel).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(ReadText(panel + "        platform: true\n").ok());
}

TEST(BoardsTest, UnknownUnitsChartsAndFieldsAreRefused) {
  const std::string query = "        query: sum(x{product=~\"$product\"})\n";
  EXPECT_TRUE(ReadText(PanelYaml("        unit: count\n        chart: line\n" + query)).ok());
  EXPECT_FALSE(ReadText(PanelYaml("        unit: furlongs\n        chart: line\n" + query)).ok());
  EXPECT_FALSE(ReadText(PanelYaml("        unit: count\n        chart: pie\n" + query)).ok());
  EXPECT_FALSE(ReadText(PanelYaml("        unit: count\n        chart: line\n        colour: red\n" + query)).ok());
}

}  // namespace
}  // namespace trivium::ops
