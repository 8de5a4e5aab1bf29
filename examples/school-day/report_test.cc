#include "examples/school-day/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "examples/school-day/class_day_under_test.h"
#include "examples/school-day/progress.h"

namespace trivium::schoolday {
namespace {

TEST(Yuan, GroupsAndKeepsFen) {
  EXPECT_EQ(Yuan(0), "0.00");
  EXPECT_EQ(Yuan(5), "0.05");
  EXPECT_EQ(Yuan(99999), "999.99");
  EXPECT_EQ(Yuan(100000), "1,000.00");
  EXPECT_EQ(Yuan(123456789), "1,234,567.89");
  EXPECT_EQ(Yuan(-100), "-1.00");
  EXPECT_EQ(Yuan(INT64_MIN), "-92,233,720,368,547,758.08");
}

TEST(Quantile, TakesTheNearestRank) {
  EXPECT_EQ(Quantile({}, 0.5), 0);
  EXPECT_EQ(Quantile({7}, 0.99), 7);
  EXPECT_EQ(Quantile({4, 1, 3, 2}, 0.5), 2);
  EXPECT_EQ(Quantile({4, 1, 3, 2}, 0.99), 4);
  EXPECT_EQ(Quantile({4, 1, 3, 2}, 0), 1);
}

DayRecord Day() {
  DayRecord day;
  day.product = "acme";
  day.orders.resize(3);
  day.orders[0].plan.student_id = day.orders[1].plan.student_id = "S1";
  day.payments["p1"] = {.state = "SUCCEEDED", .amount_minor = 10'000};
  day.payments["p2"] = {.state = "SUCCEEDED", .amount_minor = 5'000, .late = true};
  day.payments["p3"] = {.state = "FAILED", .amount_minor = 5'000};
  day.refunds["r1"] = {"r1", "p2", "SUCCEEDED", "LATE_PAYMENT", 5'000, 2};
  day.refunds["r2"] = {"r2", "p3", "SUCCEEDED", "AMOUNT_MISMATCH", 4'999, 2};
  day.refunds["r3"] = {"r3", "p1", "FAILED", "PRODUCT", 1, 2};
  day.ledgers = {{"CNY", 20'000, 20'000, true, 10'000}};
  return day;
}

TEST(Summarize, CountsWhatHappened) {
  const DaySummary s = Summarize(Day());
  EXPECT_EQ(s.students, 2);
  EXPECT_EQ(s.orders, 3);
  EXPECT_EQ(s.paid_count, 2);
  EXPECT_EQ(s.paid_minor, 15'000);
  EXPECT_EQ(s.refunded_count, 1);
  EXPECT_EQ(s.refunded_minor, 5'000);
  EXPECT_EQ(s.returned_minor, 4'999);
  EXPECT_EQ(s.late, 1);
  EXPECT_EQ(s.failed, 1);
}

TEST(FormatTables, HasARowForEachProductAndApi) {
  DaySummary s = Summarize(Day());
  s.latencies["CreatePayment"] = {12, 1, 1.25, 9.5};
  const std::string text = FormatTables({s});
  EXPECT_NE(text.find("150.00"), std::string::npos) << text;
  EXPECT_NE(text.find("200.00 = 200.00"), std::string::npos) << text;
  EXPECT_NE(text.find("CreatePayment"), std::string::npos) << text;
}

TEST(FormatTables, PutsProductsSideBySide) {
  DaySummary acme = Summarize(Day()), globex = acme;
  globex.product = "globex";
  acme.latencies["CreatePayment"] = {12, 1, 1.25, 9.5};
  globex.latencies["CreateRoom"] = {3, 0, 2, 4};
  const std::string text = FormatTables({acme, globex});
  const std::string line =
      text.substr(text.find("CreatePayment"), text.find("CreateRoom") - text.find("CreatePayment"));
  EXPECT_EQ(line,
            "CreatePayment                   12       1     1.2      9.5                 0       0     0.0      0.0\n");
  EXPECT_NE(text.find("acme calls"), std::string::npos) << text;
}

TEST(FormatJson, KeepsItsSchema) {
  DaySummary s = Summarize(Day());
  s.latencies["CreatePayment"] = {12, 1, 1.25, 9.5};
  const auto report = nlohmann::json::parse(FormatJson({"d1", 7, 2.5}, {s}, {"acme: 坏了"}));
  EXPECT_EQ(report["schema"], "trivium.school-day/1");
  EXPECT_EQ(report["ok"], false);
  EXPECT_EQ(report["broken"][0], "acme: 坏了");
  EXPECT_EQ(report["products"][0]["paid_minor"], 15'000);
  EXPECT_EQ(report["products"][0]["apis"]["CreatePayment"]["p99_ms"], 9.5);
}

TEST(MessageSummary, CountsByClassAndFate) {
  MessageDayRecord day;
  day.product = "acme";
  MessageRecord m;
  m.plan.message_class = MessageClass::kReliable;
  m.found = true;
  m.delivery = {.accepted = 5, .acked = 1, .vendor = 1, .expired = 1, .pending = 0, .dropped = {{"COLLAPSED", 2}}};
  day.messages = {m, m};
  StudentRecord student;
  ClientEvent shown;
  shown.number = 1;
  shown.message_class = "RELIABLE";
  ClientEvent repeat = shown;
  repeat.seen = true;
  student.events = {shown, repeat};
  student.latency_ms = {1, 2, 3};
  student.connects = 3;
  student.recovered = 2;
  day.students = {student};
  DaySummary s = Summarize(Day());
  s.messages = Summarize(day);
  const std::string text = FormatTables({s});
  EXPECT_NE(text.find("COLLAPSED 4"), std::string::npos) << text;
  const auto report = nlohmann::json::parse(FormatJson({"d1", 7, 2.5}, {s}, {}))["products"][0]["messages"];
  EXPECT_EQ(report["classes"]["RELIABLE"]["accepted"], 10);
  EXPECT_EQ(report["classes"]["RELIABLE"]["dropped"]["COLLAPSED"], 4);
  EXPECT_EQ(report["classes"]["RELIABLE"]["shown"], 1);
  EXPECT_EQ(report["clients"]["recovered"], 2);
  EXPECT_EQ(report["clients"]["p50_ms"], 2);
}

TEST(ClassSummary, CountsJoinsRefusalsAndWaits) {
  ClassDayRecord day = GoodClassDay();
  AddClientAndMessages(day);
  day.visits[4].waits = 1;
  day.visits[4].waited_s = 2.5;
  day.visits[1].join_ms = {4, 8};
  DaySummary s = Summarize(Day());
  s.classes = Summarize(day);
  EXPECT_EQ(s.classes.students, 5);
  EXPECT_EQ(s.classes.most_in_one_room, 5);
  EXPECT_EQ(s.classes.admitted, 1);
  const std::string text = FormatTables({s});
  EXPECT_NE(text.find("GRANT_MISSING 1, PARTICIPANT_BANNED 1"), std::string::npos) << text;
  EXPECT_NE(text.find("acme         STANDARD  FULL               1  ROOM 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("acme         WAITING   BEHIND_QUEUE       1  \n"), std::string::npos) << text;
  const auto report = nlohmann::json::parse(FormatJson({"d1", 7, 2.5}, {s}, {}))["products"][0]["classes"];
  EXPECT_EQ(report["refusals"]["GRANT_MISSING"], 1);
  EXPECT_EQ(report["leaves"]["LEASE_EXPIRED"], 1);
  EXPECT_EQ(report["join"]["p99_ms"], 8);
  EXPECT_EQ(report["longest_wait_s"], 2.5);
  EXPECT_EQ(report["reconnects"], 1);
  EXPECT_EQ(report["shown"], 2);
  EXPECT_EQ(report["late"], 0);
  EXPECT_EQ(report["too_late"].size(), 0u);
}

TEST(ClassSummary, TellsOfWhoPaysLateAndTooLate) {
  ClassDayRecord day = GoodClassDay();
  day.orders["s1 in 0"].times.paid_ms = 5'000;
  day.orders["s6 in 0"] = {true, true, {12'513, 0}};
  DaySummary s = Summarize(Day());
  s.classes = Summarize(day);
  EXPECT_EQ(s.classes.late, 1);
  const std::string sentence = "s6 paid s6 in 0 1.5 s after the end of C1";
  EXPECT_EQ(s.classes.too_late, std::vector<std::string>{sentence});
  EXPECT_NE(FormatTables({s}).find("acme: too late: " + sentence), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(FormatJson({"d1", 7, 2.5}, {s}, {}))["products"][0]["classes"]["too_late"][0],
            sentence);
  s.classes.too_late.resize(12, sentence);
  EXPECT_NE(FormatTables({s}).find("acme: too late: and 2 more"), std::string::npos);
}

TEST(ProgressLine, ShowsABar) {
  EXPECT_EQ(ProgressLine("paying", 0, 4), "[>                             ]   0 %  paying 0/4");
  EXPECT_EQ(ProgressLine("paying", 2, 4), "[===============>              ]  50 %  paying 2/4");
  EXPECT_EQ(ProgressLine("paying", 4, 4), "[==============================] 100 %  paying 4/4");
  EXPECT_EQ(ProgressLine("waiting", 0, 0), "waiting");
}

}  // namespace
}  // namespace trivium::schoolday
