// Live's messages as the day's plain values. For .cc files.
#pragma once

#include "examples/school-day/class_views.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::schoolday {

ClassRoomView ViewOf(const trivium::live::v1::Room& room);
StayView ViewOf(const trivium::live::v1::Participant& stay);
LiveEventView ViewOf(const trivium::live::v1::Event& event);
LiveDayView ViewOf(const trivium::live::v1::DailySummary& day);

}  // namespace trivium::schoolday
