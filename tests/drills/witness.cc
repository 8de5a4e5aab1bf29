#include "tests/drills/witness.h"

#include <charconv>

#include "absl/time/clock.h"

namespace trivium::drills {

int64_t NumberIn(std::string_view data) {
  const size_t at = data.find("\"n\":");
  if (at == std::string_view::npos) return -1;
  int64_t value = -1;
  std::from_chars(data.data() + at + 4, data.data() + data.size(), value);
  return value;
}

void Witness::OnConnected(const std::string&) {
  if (room_.empty()) in = true;
}

void Witness::OnJoined(const client::Joined& joined) {
  if (joined.channel != room_) return;
  if (joined.was_recovering && !joined.recovered) may_skip_ = true;
  if (!in && !moves.empty()) moves.back().away = absl::Now() - moves.back().at;
  in = true;
}

void Witness::OnMessage(const client::Message& message) {
  const int64_t number = NumberIn(message.data);
  if (number < 0 || (!room_.empty() && message.channel != room_)) return;
  if (message.message_class == "ORDERED") return SeeOrdered(number);
  if (message.message_class != "RELIABLE" || message.seen) return;
  if (!reliable.insert(number).second) ++shown_twice;
  ids.insert(message.id);
}

void Witness::SeeOrdered(int64_t number) {
  ++ordered;
  if (number <= last_ordered_) {
    ++out_of_order;
    return;
  }
  if (last_ordered_ >= 0 && number != last_ordered_ + 1) ++(may_skip_ ? holes_told : holes_untold);
  may_skip_ = false;
  last_ordered_ = number;
}

void Witness::OnDisconnected(uint32_t code, const std::string&) {
  // A try to come back that failed is part of being away.
  if (in) moves.push_back({absl::Now(), code});
  in = false;
}

}  // namespace trivium::drills
