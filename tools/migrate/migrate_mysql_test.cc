// The program as a user runs it: its words and exit statuses.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "libs/mysql/test_server.h"
#include "libs/test_process/test_process.h"

namespace trivium {
namespace {

struct Result {
  int status;
  std::string output;
};

Result RunMigrate(const std::vector<std::string>& flags) {
  static int number = 0;
  const std::string output = testing::TempDir() + "/output" + std::to_string(++number);
  std::vector<std::string> command = {"tools/migrate/trv_migrate"};
  command.insert(command.end(), flags.begin(), flags.end());
  TestProcess process;
  process.Spawn(command, output);
  const int status = process.Wait();
  return {status, Tail(output)};
}

TEST(TrvMigrate, RefusesWrongUsageInOneClearLine) {
  const struct {
    std::vector<std::string> flags;
    const char* words;
  } kCases[] = {
      {{}, "--schema: missing"},
      {{"--schema=a"}, "--folder: missing"},
      {{"--shema=a"}, "--shema=a: unknown flag"},
      {{"schema"}, "schema: unknown flag"},
      {{"--schema"}, "--schema: want a value"},
      {{"--schema=a", "--folder=b", "--port=x"}, "--port: x, want 1-65535"},
      {{"--schema=a", "--folder=b", "--password-file=/nowhere"}, "--password-file: /nowhere cannot be read"},
  };
  for (const auto& c : kCases) {
    const Result result = RunMigrate(c.flags);
    EXPECT_EQ(result.status, 2) << c.words;
    EXPECT_NE(result.output.find(c.words), std::string::npos) << result.output;
  }
  EXPECT_EQ(RunMigrate({"--help"}).status, 0);
}

TEST(TrvMigrate, SaysWhatItAppliesAndWhyItRefuses) {
  auto server = mysql::TestServer::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string folder = MakeShortTempFolder("trvmig");
  std::ofstream(folder + "/0001_a.sql") << "CREATE TABLE a (id INT);\n";
  const std::vector<std::string> flags = {"--socket", (*server)->socket(), "--schema=shop", "--folder=" + folder};
  const Result first = RunMigrate(flags);
  EXPECT_EQ(first.status, 0) << first.output;
  EXPECT_NE(first.output.find("shop: applied 0001_a.sql\nshop: version 1\n"), std::string::npos) << first.output;
  EXPECT_NE(RunMigrate(flags).output.find("shop: version 1, nothing to do"), std::string::npos);

  std::ofstream(folder + "/0001_a.sql") << "CREATE TABLE a (id BIGINT);\n";
  const Result changed = RunMigrate(flags);
  EXPECT_EQ(changed.status, 1);
  EXPECT_NE(changed.output.find("trv_migrate: 0001_a.sql: its statements are not the ones"), std::string::npos)
      << changed.output;

  (*server)->Kill9();
  const Result gone = RunMigrate(flags);
  EXPECT_EQ(gone.status, 1);
  EXPECT_NE(gone.output.find("trv_migrate: database: "), std::string::npos) << gone.output;
  ASSERT_EQ(std::remove((folder + "/0001_a.sql").c_str()), 0);
  ASSERT_EQ(std::remove(folder.c_str()), 0);
}

}  // namespace
}  // namespace trivium
