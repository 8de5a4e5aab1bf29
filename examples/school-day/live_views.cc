#include "examples/school-day/live_views.h"

namespace trivium::schoolday {

namespace api = trivium::live::v1;

ClassRoomView ViewOf(const api::Room& r) {
  ClassRoomView view{r.room_id(),
                     r.room_ref(),
                     api::Room::Type_Name(r.type()),
                     api::Room::State_Name(r.state()),
                     r.state_reason(),
                     r.institution_id(),
                     r.node(),
                     r.version()};
  view.staff_slots = r.staff_slots();
  view.seats = r.seats();
  view.stage_size = r.stage_size();
  view.places = {r.capacity().rtc(), r.capacity().fast(), r.capacity().standard()};
  return view;
}

StayView ViewOf(const api::Participant& p) {
  StayView view{p.room_id(),
                p.user_id(),
                p.join_id(),
                api::Role_Name(p.role()),
                api::Participant::State_Name(p.state()),
                api::Rung_Name(p.rung()),
                api::RungReason_Name(p.reason()),
                p.leave_reason(),
                {},
                p.epoch(),
                p.sequence(),
                p.seat(),
                p.queue_position()};
  for (const api::FullLevel& full : p.full_levels()) {
    view.full.emplace_back(api::Rung_Name(full.rung()), api::Level_Name(full.level()));
  }
  return view;
}

LiveEventView ViewOf(const api::Event& e) {
  LiveEventView view{e.event_id(), e.cursor(), e.product(), api::Event::Type_Name(e.type())};
  view.time_ms = e.time().seconds() * 1000 + e.time().nanos() / 1'000'000;
  view.of_room = e.has_room();
  if (e.has_room()) view.room = ViewOf(e.room());
  if (e.has_participant()) view.stay = ViewOf(e.participant());
  return view;
}

LiveDayView ViewOf(const api::DailySummary& d) {
  LiveDayView view{d.day(),
                   {d.rooms().begin(), d.rooms().end()},
                   {d.leaves().begin(), d.leaves().end()},
                   {d.refusals().begin(), d.refusals().end()}};
  for (const api::JoinCount& join : d.joins()) {
    view.joins[{api::Rung_Name(join.rung()), api::RungReason_Name(join.reason())}] += join.count();
  }
  view.queued = d.queued();
  view.reconnections = d.reconnections();
  for (const api::RungQoe& qoe : d.qoe()) view.reports += qoe.reports();
  return view;
}

}  // namespace trivium::schoolday
