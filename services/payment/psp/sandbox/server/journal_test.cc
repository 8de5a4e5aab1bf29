#include "services/payment/psp/sandbox/server/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <sstream>

namespace trivium::payment::sandbox {
namespace {

using Lines = std::vector<std::string>;

class JournalTest : public testing::Test {
 protected:
  JournalTest()
      : path_(testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".journal") {
    remove(path_.c_str());
  }
  absl::StatusOr<std::unique_ptr<Journal>> Open(Lines* lines = nullptr) {
    return Journal::Open(path_, [lines](std::string_view line) {
      if (lines != nullptr) lines->emplace_back(line);
      return line != "bad";
    });
  }
  void WriteFile(std::string_view text) { std::ofstream(path_, std::ios::binary) << text; }
  std::string ReadFile() {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  const std::string path_;
};

TEST_F(JournalTest, KeepsLinesInOrderAndTellsWhenTheyAreDurable) {
  std::atomic<int> durable{0};
  {
    auto journal = *Open();
    for (int i = 0; i < 1000; ++i) {
      journal->Append({std::to_string(i)}, [&, i](const absl::Status& status) {
        EXPECT_TRUE(status.ok());
        EXPECT_EQ(durable++, i);
        EXPECT_NE(ReadFile().find("\n" + std::to_string(i) + "\n"), i == 0 ? 0 : std::string::npos);
      });
    }
  }
  EXPECT_EQ(durable, 1000);
  Lines lines;
  ASSERT_TRUE(Open(&lines).ok());
  ASSERT_EQ(lines.size(), 1000u);
  EXPECT_EQ(lines[999], "999");
}

TEST_F(JournalTest, ReadsWaitForEarlierLines) {
  auto journal = *Open();
  std::atomic<int> order{0};
  journal->Append({"a"}, [&](const absl::Status&) { EXPECT_EQ(order++, 0); });
  journal->Append({}, [&](const absl::Status&) { EXPECT_EQ(order++, 1); });
  journal.reset();
  EXPECT_EQ(order, 2);
  EXPECT_EQ(ReadFile(), "a\n");
}

TEST_F(JournalTest, DropsATornLastLine) {
  WriteFile("one\ntwo\nthr");
  Lines lines;
  {
    auto journal = *Open(&lines);
    EXPECT_THAT(lines, testing::ElementsAre("one", "two"));
    journal->Append({"three"}, [](const absl::Status&) {});
  }
  EXPECT_EQ(ReadFile(), "one\ntwo\nthree\n");
}

TEST_F(JournalTest, TellsWhichLineIsBroken) {
  WriteFile("one\nbad\ntwo\n");
  const auto journal = Open();
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(journal.status().message()), testing::HasSubstr(":2:"));
}

TEST_F(JournalTest, IsForOneProcess) {
  const auto first = Open();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Journal::Open("/nowhere/journal", [](std::string_view) { return true; }).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(JournalTest, RewriteReplacesTheContentsAndKeepsTheLock) {
  WriteFile("one\ntwo\n");
  auto journal = *Open();
  ASSERT_TRUE(journal->Rewrite({"both"}).ok());
  EXPECT_FALSE(Open().ok());
  journal->Append({"three"}, [](const absl::Status&) {});
  journal.reset();
  EXPECT_EQ(ReadFile(), "both\nthree\n");
}

TEST_F(JournalTest, AFullDiskEndsIt) {
  const auto journal = Journal::Open("/dev/full", [](std::string_view) { return true; });
  if (!journal.ok()) GTEST_SKIP() << journal.status();
  std::atomic<int> failed{0};
  (*journal)->Append({"a"}, [&](const absl::Status& status) { failed += !status.ok(); });
  (*journal)->Append({}, [&](const absl::Status& status) { failed += !status.ok(); });
  while (failed < 1) std::this_thread::yield();
  EXPECT_FALSE((*journal)->health().ok());
}

}  // namespace
}  // namespace trivium::payment::sandbox
