#include "libs/mysql/migration_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libs/status/error.h"

namespace trivium::mysql {
namespace {

std::string Folder(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string folder = testing::TempDir() + "/migrations_XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  for (const auto& [name, text] : files) std::ofstream(folder + "/" + name) << text;
  return folder;
}

TEST(SplitStatements, EndsAStatementAtALinesEndAndKeepsItsLine) {
  const auto statements = SplitStatements(
      "-- why; this is;\n"
      "CREATE TABLE a (\n"
      "  b INT, -- in the middle; of a line\n"
      "  c INT);   \r\n"
      "\n"
      "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2);\n"
      ";\n");
  ASSERT_TRUE(statements.ok()) << statements.status();
  ASSERT_EQ(statements->size(), 2u);
  EXPECT_EQ((*statements)[0].line, 2);
  EXPECT_EQ((*statements)[0].text, "CREATE TABLE a (\n  b INT, -- in the middle; of a line\n  c INT)");
  EXPECT_EQ((*statements)[1].line, 6);
}

TEST(SplitStatements, RefusesAnOpenEnd) {
  const auto statements = SplitStatements("SELECT 1;\nSELECT 2\n");
  EXPECT_EQ(statements.status().message(), "2: statement without its end, want \";\" at a line's end");
}

TEST(SplitStatements, EmptyTextHasNone) {
  EXPECT_TRUE(SplitStatements("")->empty());
  EXPECT_TRUE(SplitStatements("-- nothing\n\n")->empty());
}

TEST(ReadMigrations, ReadsInOrderAndPassesOtherFilesOver) {
  const auto files = ReadMigrations(Folder({{"0002_b.sql", "B;\n"}, {"0001_a.sql", "A;\n"}, {"README.md", "x"}}));
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].name, "0001_a.sql");
  EXPECT_EQ((*files)[1].version, 2);
}

TEST(ReadMigrations, RefusesGapsDoublesAndOtherNames) {
  EXPECT_EQ(ReasonOf(ReadMigrations(Folder({{"0001_a.sql", ""}, {"0003_c.sql", ""}})).status()), "MIGRATION_GAP");
  EXPECT_EQ(ReasonOf(ReadMigrations(Folder({{"0001_a.sql", ""}, {"0001_b.sql", ""}})).status()), "MIGRATION_GAP");
  EXPECT_EQ(ReadMigrations(Folder({{"1_a.sql", ""}})).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadMigrations("/nowhere/at/all").status().code(), absl::StatusCode::kNotFound);
}

TEST(MigrationChecksum, IsOverTheStatementsNotTheComments) {
  const auto of = [](const char* text) {
    return MigrationChecksum({.version = 1, .name = "n", .statements = *SplitStatements(text)}, 9);
  };
  EXPECT_EQ(of("-- a\nSELECT 1;\n"), of("-- b\n\nSELECT 1;\n"));
  EXPECT_NE(of("SELECT 1;\n"), of("SELECT 2;\n"));
  EXPECT_NE(of("SELECT 1;\n"), of("SELECT 1;\nSELECT 1;\n"));
  EXPECT_EQ(of("SELECT 1;\n").size(), 64u);
}

}  // namespace
}  // namespace trivium::mysql
