// Values go in and come back as they were, whatever is in them: a real server must not see a value as SQL.
#include <gtest/gtest.h>

#include "libs/clock/clock.h"
#include "libs/mysql/mysql.h"
#include "libs/mysql/test_server.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"

namespace trivium::mysql {
namespace {

class ValuesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = TestServer::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
    ASSERT_TRUE(server_->CreateSchema("t").ok());
  }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override {
    ASSERT_EQ(server_->Run("t",
                           "DROP TABLE IF EXISTS v;\n"
                           "CREATE TABLE v (n BIGINT, s LONGTEXT CHARACTER SET utf8mb4, b LONGBLOB, t DATETIME(6));\n"),
              absl::OkStatus());
    pool_ = NewPool(server_->pool_options("t"), Clock::Real(), metrics_);
  }

  // Writes one row and reads it back.
  absl::StatusOr<Row> RoundTrip(const Values& values) {
    absl::StatusOr<Row> row = absl::InternalError("not run");
    TRIVIUM_RETURN_IF_ERROR(
        pool_->Use("round_trip", absl::Now() + absl::Seconds(60), [&](Connection& db) -> absl::Status {
          TRIVIUM_RETURN_IF_ERROR(db.Execute("DELETE FROM v").status());
          TRIVIUM_RETURN_IF_ERROR(db.Execute("INSERT INTO v VALUES (?, ?, ?, ?)", values).status());
          TRIVIUM_ASSIGN_OR_RETURN(Rows rows, db.Query("SELECT n, s, b, t FROM v"));
          if (rows.size() != 1) return absl::InternalError("rows");
          row = std::move(rows[0]);
          return absl::OkStatus();
        }));
    return row;
  }
  absl::StatusOr<Row> Text(const std::string& text) { return RoundTrip({int64_t{0}, text, Blob{}, std::monostate()}); }

  static TestServer* server_;
  Metrics metrics_;
  std::unique_ptr<Pool> pool_;
};
TestServer* ValuesTest::server_ = nullptr;

TEST_F(ValuesTest, EachTypeComesBackAsItWas) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  const absl::Time time = absl::FromUnixMicros(1795334400123456);
  const auto row = RoundTrip({int64_t{INT64_MIN}, "课堂 🐭", Blob{all_bytes}, time});
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->Int(0), INT64_MIN);
  EXPECT_EQ(row->Text(1), "课堂 🐭");
  EXPECT_EQ(row->Text(2), all_bytes);
  EXPECT_EQ(row->Time(3), time);
}

TEST_F(ValuesTest, NullIsToldFromEmpty) {
  const auto row = RoundTrip({std::monostate(), "", Blob{}, std::monostate()});
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_TRUE(row->IsNull(0));
  EXPECT_EQ(row->Int(0), 0);
  EXPECT_FALSE(row->IsNull(1));
  EXPECT_FALSE(row->IsNull(2));
  EXPECT_TRUE(row->IsNull(3));
  EXPECT_EQ(row->Time(3), absl::InfinitePast());
}

TEST_F(ValuesTest, HostileTextStaysText) {
  const std::string kTexts[] = {
      "'; DROP TABLE v; --",
      "\\'; DROP TABLE v; -- ",
      "\\",
      "'",
      "\"",
      "a\\\\'b",
      std::string("NUL\0'in the middle", 18),
      "line\r\nbreak\x1a",
      "%_",
      "?",
      "??*",
      "/* comment */ -- #",
      "\xe4\xb8\xad'\xe6\x96\x87\\",
      "\xf0\x9f\x90\xad'",
      "\xc2\xa5\xe2\x82\xa9'",  // Yen and won signs: backslashes in some character sets.
  };
  for (const std::string& text : kTexts) {
    const auto row = Text(text);
    ASSERT_TRUE(row.ok()) << row.status();
    EXPECT_EQ(row->Text(1), text);
  }
}

// Half a character before a quote may swallow the escape in a wrong implementation. The server may refuse such text; it
// must not run it.
TEST_F(ValuesTest, BrokenMultibyteCharactersDoNotEatTheQuote) {
  for (const std::string lead :
       {"\xbf", "\xbf\x5c", "\xe4", "\xe4\xb8", "\xf0\x9f\x90", "\xc0", "\xff", "\xe5\x27\x5c"}) {
    for (const std::string tail : {"", "'", "' OR 1=1; -- ", "'), (1, 'x', '', NULL); -- ", "\\' OR 1 -- "}) {
      const auto row = Text(lead + tail);
      if (row.ok()) {
        EXPECT_EQ(row->Text(1), lead + tail);
      } else {
        EXPECT_EQ(ReasonOf(row.status()), "VALUE_REFUSED") << row.status();
      }
    }
  }
}

TEST_F(ValuesTest, TenMegabytesAreFine) {
  std::string text(10 << 20, 'x');
  for (size_t i = 0; i < text.size(); i += 97) text[i] = "'\\\n"[i % 3];
  const auto row = RoundTrip({int64_t{1}, text, Blob{text}, std::monostate()});
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->Text(1), text);
  EXPECT_EQ(row->Text(2), text);
}

TEST_F(ValuesTest, LargerThanThePacketIsRefusedAndThePoolGoesOn) {
  const auto row = Text(std::string(70 << 20, 'x'));
  EXPECT_FALSE(row.ok());
  EXPECT_TRUE(Text("after").ok());
}

TEST_F(ValuesTest, ManyRowsAreSplitIntoStatements) {
  std::vector<Values> rows;
  for (int64_t i = 0; i < 3000; ++i) rows.push_back({i, std::string(1000, 'r'), Blob{"b"}, absl::FromUnixSeconds(i)});
  ASSERT_TRUE(pool_
                  ->Use("many", absl::Now() + absl::Seconds(60),
                        [&](Connection& db) -> absl::Status {
                          TRIVIUM_ASSIGN_OR_RETURN(auto changed, db.ExecuteMany("INSERT INTO v VALUES ??*", rows));
                          EXPECT_EQ(changed.rows, 3000);
                          TRIVIUM_ASSIGN_OR_RETURN(auto none, db.ExecuteMany("INSERT INTO v VALUES ??*", {}));
                          EXPECT_EQ(none.rows, 0);
                          TRIVIUM_ASSIGN_OR_RETURN(auto sum, db.Query("SELECT COUNT(*), SUM(n), MAX(t) FROM v"));
                          EXPECT_EQ(sum[0].Int(0), 3000);
                          EXPECT_EQ(sum[0].Int(1), 2999 * 1500);
                          EXPECT_EQ(sum[0].Time(2), absl::FromUnixSeconds(2999));
                          return absl::OkStatus();
                        })
                  .ok());
}

}  // namespace
}  // namespace trivium::mysql
