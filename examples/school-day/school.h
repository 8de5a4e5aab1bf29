// What a product sells and to whom: institutions, courses, classes, students.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::schoolday {

// 机构: the payee.
struct Institution {
  std::string institution_id, name, city;
};

// 课程.
struct Course {
  std::string course_id, institution_id, name, level;
  int64_t price_minor = 0;  // Fen, 1 to 100,000,000.
};

// 班级.
struct Class {
  std::string class_id, course_id, teacher;
  int seats = 0;
  bool canceled = false;     // In the course of the day.
  bool open_lesson = false;  // 公开课: more students than its room has places.
  int weekday = 0;           // 1: Monday.
  std::string start;         // "HH:MM".
};

// 学生.
struct Student {
  std::string student_id, name;
  int grade = 0;
  std::vector<std::string> class_ids;
};

struct School {
  std::string product;
  std::vector<Institution> institutions;
  std::vector<Course> courses;
  std::vector<Class> classes;
  std::vector<Student> students;

  // By id; nullptr when there is none.
  const Course* FindCourse(const std::string& course_id) const;
  const Class* FindClass(const std::string& class_id) const;
};

// Reads folder/{institutions,courses,students}.csv and folder/timetable.yaml. INVALID_ARGUMENT with one line a problem,
// each with file, line and field; NOT_FOUND when a file is missing.
absl::StatusOr<School> ReadSchool(const std::string& folder, const std::string& product);

// "199.9" -> 19990. Nothing when it is not an amount of yuan from 0.01 to 1,000,000 with at most two decimals.
bool ParseYuan(const std::string& text, int64_t* minor);

// The first `count` students; where the school has fewer, more are made up (self-study places: they do not count
// against seats). The same seed gives the same students.
void SetStudentCount(School& school, int count, uint64_t seed);

// The same school for another product: ids begin with the product's name.
School ForProduct(const School& pattern, const std::string& product);

}  // namespace trivium::schoolday
