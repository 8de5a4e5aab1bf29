#include "services/gateway/clients/floor.h"

#include <utility>

#include "services/gateway/clients/client.h"

namespace trivium::gateway {
namespace {

// Of a publication's members one in so many is measured.
constexpr size_t kSampleEvery = 64;

}  // namespace

void Floor::Deliver(int reactor, LivePtr live) {
  reactors->Post(reactor, [this, reactor, live = std::move(live)] {
    Hub& hub = shards[static_cast<size_t>(reactor)].hub;
    size_t seen = 0, given = 0;
    for (int form = 0; form < kForms; ++form) {
      hub.ForEach(live->slot->key, form, [&](Subscriber& member) {
        const bool sample = seen++ % kSampleEvery == 0;
        if (static_cast<Client&>(member).Deliver(*live, sample)) ++given;
      });
    }
    live->slot->meters.deliveries[ClassIndex(*live->publication)]->Add(static_cast<double>(given));
    if (live->tag != 0) counts->Given(live->tag, static_cast<int64_t>(given));
  });
}

template <typename Each>
void Floor::EachMember(int reactor, const SlotPtr& slot, Each each) {
  reactors->Post(reactor, [this, reactor, slot, each = std::move(each)]() mutable {
    Hub& hub = shards[static_cast<size_t>(reactor)].hub;
    for (int form = 0; form < kForms; ++form) {
      hub.ForEach(slot->key, form, [&](Subscriber& member) { each(static_cast<Client&>(member)); });
    }
  });
}

void Floor::Lose(int reactor, const SlotPtr& slot) {
  EachMember(reactor, slot, [name = slot->name](Client& client) { client.LoseState(name); });
}

void Floor::Obey(int reactor, const SlotPtr& slot, const DisconnectOrder& order) {
  EachMember(reactor, slot, [order](Client& client) { client.Obey(order); });
}

void Floor::Obey(int reactor, const SlotPtr& slot, const LeaveRoomOrder& order) {
  EachMember(reactor, slot, [order](Client& client) { client.Obey(order); });
}

void Floor::Forget(const SlotPtr& slot, const LeaveRoomOrder& order) {
  const auto name = protocol::ParseChannelName(slot->name);
  if (name && name->kind == protocol::ChannelKind::kUser) {
    links->Of(slot->product).ForgetRoom(std::string(name->id), order.room_id);
  }
}

void Floor::Joined(const WaitingJoin& join, const SlotPtr& slot, absl::StatusOr<protocol::JoinedChannel> joined) {
  reactors->Run(join.connection, [join, slot, joined = std::move(joined)](Connection&) mutable {
    join.client->OnJoined(join.ticket, slot, join.from, std::move(joined));
  });
}

void Floor::Restore(const SlotPtr& slot, std::function<void(const absl::Status&)> done) {
  links->Of(slot->product).Restore(slot->name, [done = std::move(done)](const absl::Status& status) { done(status); });
}

}  // namespace trivium::gateway
