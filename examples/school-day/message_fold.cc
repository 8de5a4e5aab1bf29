#include "examples/school-day/message_fold.h"

#include "absl/strings/str_cat.h"

namespace trivium::schoolday {

void MessageFold::Apply(const std::string& event_id, const std::string& product, const MessageView& message) {
  MutexLock lock(mu_);
  if (product != product_) {
    Complain(absl::StrCat("message events: ", product_, " received event ", event_id, " of ", product));
  }
  if (!seen_.insert(event_id).second) {
    return Complain(absl::StrCat("message events: ", event_id, " came twice, although each cursor was used once"));
  }
  const auto [it, is_new] = messages_.try_emplace(message.message_id, message);
  // Of messages of before the stream's begin, any version may be the first.
  if (is_new) return;
  if (message.version != it->second.version + 1) {
    Complain(absl::StrCat("message events: ", message.message_id, " went from version ", it->second.version, " to ",
                          message.version, ", want ", it->second.version + 1));
  }
  it->second = message;
}

void MessageFold::Complain(const std::string& sentence) {
  if (complaints_.size() < 20) complaints_.push_back(sentence);
}

std::map<std::string, MessageView> MessageFold::messages() const {
  MutexLock lock(mu_);
  return messages_;
}

std::vector<std::string> MessageFold::complaints() const {
  MutexLock lock(mu_);
  return complaints_;
}

size_t MessageFold::events() const {
  MutexLock lock(mu_);
  return seen_.size();
}

}  // namespace trivium::schoolday
