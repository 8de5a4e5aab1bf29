#include "libs/log/log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "libs/log/line.h"

namespace trivium::log {
namespace {

using nlohmann::json;

std::string Folder() {
  const std::string path =
      std::string(testing::TempDir()) + "/log_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

std::vector<json> LinesOf(const std::string& path) {
  std::vector<json> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    EXPECT_LE(line.size() + 1, kLineMax);
    lines.push_back(json::parse(line, nullptr, false));
    EXPECT_FALSE(lines.back().is_discarded()) << line.substr(0, 300);
  }
  return lines;
}

Options To(const std::string& path) {
  Options options;
  options.service = "payment";
  options.instance = "payment-1";
  options.path = path;
  return options;
}

TEST(Log, WritesOneJsonObjectALine) {
  const std::string path = Folder() + "/a.log";
  ASSERT_TRUE(Init(To(path)).ok());
  {
    ScopedContext context("0123", "acme");
    TRIVIUM_LOG(kInfo, "payment expired", {"payment_id", "pay_1"}, {"age_s", 1800}, {"late", true}, {"ratio", 0.5},
                {"status", absl::NotFoundError("no \"it\"\n")});
    ScopedContext inner("4567", "globex");
    TRIVIUM_LOG(kWarning, "inner");
  }
  TRIVIUM_LOG(kDebug, "not written");
  TRIVIUM_LOG(kError, "after");

  const auto lines = LinesOf(path);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[0]["service"], "payment");
  EXPECT_EQ(lines[0]["instance"], "payment-1");
  EXPECT_EQ(lines[0]["product"], "acme");
  EXPECT_EQ(lines[0]["trace_id"], "0123");
  EXPECT_EQ(lines[0]["message"], "payment expired");
  EXPECT_EQ(lines[0]["payment_id"], "pay_1");
  EXPECT_EQ(lines[0]["age_s"], 1800);
  EXPECT_EQ(lines[0]["late"], true);
  EXPECT_EQ(lines[0]["ratio"], 0.5);
  EXPECT_EQ(lines[0]["status"], "NOT_FOUND: no \"it\"\n");
  EXPECT_TRUE(std::string(lines[0]["time"]).ends_with("Z"));
  EXPECT_EQ(lines[1]["product"], "globex");
  EXPECT_FALSE(lines[2].contains("product"));
}

TEST(Log, WritesToStandardOutputAndError) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  ASSERT_TRUE(Init(To("-")).ok());
  TRIVIUM_LOG(kInfo, "to the output");
  ASSERT_TRUE(Init(To("")).ok());
  TRIVIUM_LOG(kInfo, "to the error");
  const std::string out = testing::internal::GetCapturedStdout(), err = testing::internal::GetCapturedStderr();
  EXPECT_EQ(json::parse(out)["message"], "to the output");
  EXPECT_EQ(json::parse(err)["message"], "to the error");
  EXPECT_FALSE(std::filesystem::exists("-"));
}

TEST(Log, StandardOutputIsNeverRotatedNorClosed) {
  testing::internal::CaptureStdout();
  Options options = To("-");
  options.max_bytes = 4096;
  options.keep_files = 0;
  ASSERT_TRUE(Init(options).ok());
  for (int i = 0; i < 100; ++i) TRIVIUM_LOG(kInfo, std::string(100, 'x'));
  ASSERT_TRUE(Init(To("")).ok());
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 100);
}

TEST(Log, ConcurrentWritersKeepLinesWhole) {
  const std::string path = Folder() + "/a.log";
  Options options = To(path);
  options.max_bytes = 20'000;
  options.keep_files = 100;
  ASSERT_TRUE(Init(options).ok());
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([i] {
      for (int j = 0; j < 250; ++j) TRIVIUM_LOG(kInfo, "line", {"writer", i}, {"number", j});
    });
  }
  for (auto& writer : writers) writer.join();
  size_t lines = 0, files = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(path).parent_path())) {
    lines += LinesOf(file.path()).size();
    ++files;
    EXPECT_LE(file.file_size(), 20'000u);
  }
  EXPECT_EQ(lines, 1000u);
  EXPECT_GT(files, 3u);
}

TEST(Log, RotationKeepsTheNewestFiles) {
  const std::string path = Folder() + "/a.log";
  Options options = To(path);
  options.max_bytes = 1000;
  options.keep_files = 2;
  ASSERT_TRUE(Init(options).ok());
  for (int i = 0; i < 100; ++i) TRIVIUM_LOG(kInfo, "line", {"number", i});
  EXPECT_TRUE(std::filesystem::exists(path + ".1"));
  EXPECT_TRUE(std::filesystem::exists(path + ".2"));
  EXPECT_FALSE(std::filesystem::exists(path + ".3"));
  EXPECT_EQ(LinesOf(path).back()["number"], 99);
  EXPECT_EQ(static_cast<int>(LinesOf(path + ".1").back()["number"]) + 1, LinesOf(path).front()["number"]);

  options.keep_files = 0;
  ASSERT_TRUE(Init(options).ok());
  for (int i = 0; i < 100; ++i) TRIVIUM_LOG(kInfo, "line", {"number", i});
  EXPECT_LE(std::filesystem::file_size(path), 1000u);
}

TEST(Log, AppendsToWhatAnEarlierProcessWrote) {
  const std::string path = Folder() + "/a.log";
  std::ofstream(path) << "{\"message\":\"old\"}\n";
  ASSERT_TRUE(Init(To(path)).ok());
  TRIVIUM_LOG(kInfo, "new");
  EXPECT_EQ(LinesOf(path).size(), 2u);
}

TEST(Log, AFullDiskLosesLinesAndCountsThem) {
  Options options = To("/dev/full");
  options.max_bytes = 100;
  ASSERT_TRUE(Init(options).ok());
  const uint64_t before = LinesLost();
  for (int i = 0; i < 5; ++i) TRIVIUM_LOG(kError, "lost");
  EXPECT_EQ(LinesLost(), before + 5);
  struct stat info {};
  ASSERT_EQ(stat("/dev/full", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST(Log, APathThatCannotBeOpenedIsAnError) {
  const absl::Status status = Init(To("/nonexistent/folder/a.log"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  Options options = To(Folder() + "/a.log");
  options.keep_files = 101;
  EXPECT_EQ(Init(options).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Log, LongAndHostileValuesAreCutAndEscaped) {
  const std::string path = Folder() + "/a.log";
  ASSERT_TRUE(Init(To(path)).ok());
  const std::string megabyte(1 << 20, 'x'), controls(1 << 20, '\x01'), chinese = [] {
    std::string s;
    for (int i = 0; i < 100'000; ++i) s += "支";
    return s;
  }();
  TRIVIUM_LOG(kInfo, megabyte, {"controls", controls}, {"chinese", chinese}, {"not_utf8", "\xff\xfe"});
  TRIVIUM_LOG(kInfo, "many", {"a", megabyte}, {"b", megabyte}, {"c", megabyte}, {"d", megabyte}, {"e", megabyte});
  TRIVIUM_LOG(kInfo, "numbers", {"nan", std::nan("")}, {"inf", std::numeric_limits<double>::infinity()},
              {"max", std::numeric_limits<uint64_t>::max()});
  TRIVIUM_LOG(kInfo, "quote\" \\ \n\t}{");

  const auto lines = LinesOf(path);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_TRUE(std::string(lines[0]["message"]).ends_with("...(cut, 1048576 bytes)"));
  EXPECT_EQ(lines[0]["not_utf8"], "\uFFFD\uFFFD");
  EXPECT_GE(lines[1]["fields_cut"], 1);
  EXPECT_EQ(lines[2]["max"], std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(lines[3]["message"], "quote\" \\ \n\t}{");
}

TEST(Log, LevelsHaveNames) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    Level parsed = Level::kDebug;
    EXPECT_TRUE(ParseLevel(LevelName(level), &parsed));
    EXPECT_EQ(parsed, level);
  }
  Level untouched = Level::kError;
  EXPECT_FALSE(ParseLevel("INFO", &untouched));
  EXPECT_EQ(untouched, Level::kError);
  SetLevel(Level::kError);
  EXPECT_EQ(GetLevel(), Level::kError);
  SetLevel(Level::kInfo);
}

}  // namespace
}  // namespace trivium::log
