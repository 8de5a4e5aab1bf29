// Who of a reactor listens to which channel: a message to a room is one submission a reactor, and from there a walk
// over an array.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/gateway/connection/shared_frame.h"

namespace trivium::gateway {

// Forms of the client protocol (JSON, Protobuf): each connection speaks one.
inline constexpr int kForms = 2;
// A message, encoded once for each form. A null frame: not for connections of that form.
using FrameForms = std::array<SharedFrame, kForms>;

class Hub;

// What can join channels; outlives its memberships (Hub::LeaveAll).
class Subscriber {
 public:
  explicit Subscriber(int form) : form_(static_cast<uint8_t>(form)) {}
  int form() const { return form_; }
  size_t channels() const { return memberships_.size(); }

 private:
  friend class Hub;
  struct Membership {
    struct Channel* channel;
    uint32_t index;  // Among the channel's members of this form.
  };
  std::vector<Membership> memberships_;
  const uint8_t form_;
};

struct Channel {
  struct Member {
    Subscriber* subscriber;
    uint32_t membership;  // Index among the subscriber's.
  };
  std::string name;
  std::array<std::vector<Member>, kForms> members;
};

// Not thread-safe. Joining costs a hash, leaving a channel a walk over the subscriber's own, fan-out nothing but the
// calls.
class Hub {
 public:
  // False: it is a member already.
  bool Join(Subscriber& subscriber, std::string_view channel);
  // False: it was no member.
  bool Leave(Subscriber& subscriber, std::string_view channel);
  void LeaveAll(Subscriber& subscriber);
  // Channels that have members.
  size_t channels() const { return channels_.size(); }
  size_t Members(std::string_view channel) const;

  // Calls each(subscriber) for the channel's members of the form, newest first. `each` may make that subscriber leave,
  // nothing else.
  template <typename Each>
  void ForEach(std::string_view channel, int form, Each each) {
    Channel* found = Find(channel);
    if (found == nullptr) return;
    walking_ = found;
    auto& members = found->members[form];
    // Who leaves is replaced by the last, which was visited before.
    for (size_t i = members.size(); i-- > 0;) each(*members[i].subscriber);
    walking_ = nullptr;
    EraseIfEmpty(*found);
  }

 private:
  Channel* Find(std::string_view channel) const;
  void Leave(Subscriber& subscriber, size_t membership);
  void EraseIfEmpty(Channel& channel);

  absl::flat_hash_map<std::string, std::unique_ptr<Channel>> channels_;
  const Channel* walking_ = nullptr;
};

}  // namespace trivium::gateway
