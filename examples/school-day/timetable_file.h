// timetable.yaml.
#pragma once

#include <string>
#include <vector>

#include "examples/school-day/csv.h"
#include "examples/school-day/school.h"

namespace trivium::schoolday {

// The classes in `text` whose course the school has. What is wrong becomes problems.
std::vector<Class> ReadTimetable(const std::string& text, const std::string& file, const School& school,
                                 Problems& problems);

}  // namespace trivium::schoolday
