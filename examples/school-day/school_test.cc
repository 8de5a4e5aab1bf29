#include "examples/school-day/school.h"

#include <gtest/gtest.h>

#include <set>

#include "examples/school-day/csv.h"

namespace trivium::schoolday {
namespace {

const std::string kFolder = "examples/school-day/";

TEST(ReadSchool, TheDataOfThreeProductsIsRight) {
  for (const char* product : {"ketang", "fudao", "kaixinshu"}) {
    const auto school = ReadSchool(kFolder + "data/" + product, product);
    ASSERT_TRUE(school.ok()) << school.status();
    EXPECT_GE(school->students.size(), 100u);
    bool canceled = false;
    for (const Class& c : school->classes) canceled |= c.canceled;
    EXPECT_TRUE(canceled) << product;
  }
}

TEST(ReadSchool, RefusesBadRowsWithFileLineAndField) {
  const std::string folder = kFolder + "bad/ketang";
  const auto school = ReadSchool(folder, "ketang");
  ASSERT_EQ(school.status().code(), absl::StatusCode::kInvalidArgument);
  const char* expected[] = {
      "institutions.csv:3: institution_id: 'KT I2', want 1-40 characters of A-Z a-z 0-9 . _ : -",
      "institutions.csv:4: name: '', want 1-40 characters",
      "institutions.csv:5: institution_id: 'KT-I1', want an id that is not in the file already",
      "institutions.csv:6: 2 cells, want 3: institution_id,name,city",
      "courses.csv:3: institution_id: 'KT-I9', want one of institutions.csv",
      "courses.csv:4: price_yuan: '129.999', want 0.01 to 1000000 with at most two decimals",
      "courses.csv:5: price_yuan: '-5', want 0.01 to 1000000 with at most two decimals",
      "courses.csv:6: price_yuan: '免费', want 0.01 to 1000000 with at most two decimals",
      "courses.csv:7: price_yuan: '1000000.01', want 0.01 to 1000000 with at most two decimals",
      "courses.csv:8: name: a quote that never ends",
      "timetable.yaml:11: classes[1].course_id: 'KT-K99', want a course of courses.csv",
      "timetable.yaml:17: classes[2].class_id: 'KT-C001', want an id that is not in the file already",
      "timetable.yaml:21: classes[2].start: '25:00', want HH:MM from 00:00 to 23:59",
      "timetable.yaml:23: classes[2].seats: '0', want 1-100000",
      "students.csv:3: grade: '十二', want 1-12",
      "students.csv:4: grade: '13', want 1-12",
      "students.csv:5: class_ids: 'KT-C404', want a class of timetable.yaml",
      "students.csv:6: class_ids: '', want classes of timetable.yaml, separated by ;",
      "students.csv:7: class_ids: 'KT-C001', want each class once",
      "students.csv:8: student_id: 'KT-S0001', want an id that is not in the file already",
      "students.csv:10: class_ids: 'KT-C001', want a class with a free seat (it has 2)",
  };
  std::string text;
  for (const char* line : expected) text += (text.empty() ? "" : "\n") + folder + "/" + line;
  EXPECT_EQ(std::string(school.status().message()), text);
  EXPECT_EQ(ReadSchool(kFolder + "nowhere", "x").status().code(), absl::StatusCode::kNotFound);
}

TEST(ParseCsv, FollowsRfc4180) {
  Problems problems;
  const auto rows = ParseCsv("a,b\n1,\"x,\"\"y\"\"\"\r\n\n2,\"two\nlines\"\n3,\n", "f.csv", {"a", "b"}, problems);
  // A line break inside a cell is a control character.
  ASSERT_EQ(problems.lines(), std::vector<std::string>{"f.csv:4: b: want UTF-8 text without control characters"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].cells[1], "x,\"y\"");
  EXPECT_EQ(rows[1].line, 6);
  EXPECT_EQ(rows[1].cells[1], "");
}

TEST(ParseCsv, RefusesOtherHeadersAndOtherBytes) {
  for (const char* text : {"", "\n", "a\n1\n", "b,a\n1,2\n", "a,b,c\n",
                           "\xef\xbb\xbf"
                           "a,b\n"}) {
    Problems problems;
    EXPECT_TRUE(ParseCsv(text, "f.csv", {"a", "b"}, problems).empty());
    EXPECT_EQ(problems.lines(), std::vector<std::string>{"f.csv:1: want the header a,b"}) << text;
  }
  Problems problems;
  EXPECT_TRUE(ParseCsv("a,b\n\xff,1\n", "f.csv", {"a", "b"}, problems).empty());
  EXPECT_EQ(problems.lines().size(), 1u);
}

TEST(ParseYuan, IsExact) {
  struct Case {
    const char* text;
    int64_t minor;  // 0: refused.
  };
  for (const Case& c : {Case{"0.01", 1},
                        {"199", 19900},
                        {"199.9", 19990},
                        {"199.99", 19999},
                        {"1000000", 100'000'000},
                        {"0", 0},
                        {"0.00", 0},
                        {"", 0},
                        {".5", 0},
                        {"1.", 0},
                        {"1.234", 0},
                        {"1,5", 0},
                        {"-1", 0},
                        {"+1", 0},
                        {"1e3", 0},
                        {"1000000.01", 0},
                        {"99999999999999999999", 0}}) {
    int64_t minor = 0;
    EXPECT_EQ(ParseYuan(c.text, &minor), c.minor > 0) << c.text;
    if (c.minor > 0) {
      EXPECT_EQ(minor, c.minor) << c.text;
    }
  }
}

TEST(SetStudentCount, CutsOrMakesUp) {
  School school = *ReadSchool(kFolder + "data/kaixinshu", "kaixinshu");
  School same = school;
  SetStudentCount(school, 3000, 5);
  SetStudentCount(same, 3000, 5);
  ASSERT_EQ(school.students.size(), 3000u);
  std::set<std::string> ids;
  for (size_t i = 0; i < 3000; ++i) {
    EXPECT_EQ(school.students[i].name, same.students[i].name);
    EXPECT_NE(school.FindClass(school.students[i].class_ids.at(0)), nullptr);
    ids.insert(school.students[i].student_id);
  }
  EXPECT_EQ(ids.size(), 3000u);
  SetStudentCount(school, 7, 5);
  EXPECT_EQ(school.students.size(), 7u);
}

TEST(ForProduct, RenamesEverythingConsistently) {
  const School school = ForProduct(*ReadSchool(kFolder + "data/fudao", "fudao"), "acme");
  for (const Class& c : school.classes) EXPECT_NE(school.FindCourse(c.course_id), nullptr);
  for (const Student& s : school.students) EXPECT_NE(school.FindClass(s.class_ids.at(0)), nullptr);
  EXPECT_TRUE(school.institutions.at(0).institution_id.starts_with("acme-"));
}

}  // namespace
}  // namespace trivium::schoolday
