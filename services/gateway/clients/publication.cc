#include "services/gateway/clients/publication.h"

#include <utility>

#include "absl/status/status.h"
#include "libs/client_protocol/protocol.h"
#include "trivium/push/v1/delivery.pb.h"

namespace trivium::gateway {
namespace {

struct ClassRow {
  push::v1::MessageClass message_class;
  FrameClass frame_class;
};
constexpr ClassRow kClasses[] = {
    {push::v1::LOSSY, FrameClass::kLossy},
    {push::v1::ORDERED, FrameClass::kOrdered},
    {push::v1::RELIABLE, FrameClass::kReliable},
};

// Memory of a publication besides its payload, about.
constexpr size_t kFixedBytes = 600;

PublicationPtr Make(const push::v1::Publication& publication, uint64_t offset, std::string_view epoch, bool repeat) {
  const auto id = Id::FromBytes(publication.message_id());
  const ClassRow* row = nullptr;
  for (const ClassRow& candidate : kClasses) {
    if (candidate.message_class == publication.class_()) row = &candidate;
  }
  if (!id.ok() || row == nullptr) return nullptr;
  auto body = std::make_shared<protocol::Publication>();
  body->set_data(publication.data());
  body->set_offset(offset);
  // Who joined the channel before its first message learns the epoch by it.
  if (offset == 1) body->set_epoch(std::string(epoch));
  body->set_time(publication.create_time_ms());
  auto& tags = *body->mutable_tags();
  tags["id"] = FormatId("msg", *id);
  tags["class"] = FrameClassName(row->frame_class);
  if (repeat) tags["repeat"] = "1";
  auto made = std::make_shared<Publication>();
  made->offset = offset;
  made->epoch = epoch;
  made->bytes = kFixedBytes + publication.data().size();
  made->body = std::move(body);
  made->frame_class = row->frame_class;
  made->message_id = *id;
  made->create_time_ms = repeat ? 0 : publication.create_time_ms();
  made->expire_time_ms = publication.expire_time_ms();
  return made;
}

SharedFrame EncodeFrame(const protocol::Push& push, protocol::Form form, uint64_t tag) {
  const auto bytes = protocol::EncodePush(push, form);
  if (!bytes.ok()) return SharedFrame();
  return SharedFrame::Make(form == protocol::Form::kJson ? Opcode::kText : Opcode::kBinary, **bytes, tag);
}

}  // namespace

absl::StatusOr<FanoutMessage> DecodeFanout(std::string_view payload, uint64_t offset, std::string_view epoch,
                                           bool restored) {
  push::v1::Fanout fanout;
  if (!fanout.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return absl::DataLossError("payload: not a trivium.push.v1.Fanout");
  }
  switch (fanout.kind_case()) {
    case push::v1::Fanout::kPublication: {
      PublicationPtr made = Make(fanout.publication(), offset, epoch, fanout.publication().repeat() || restored);
      if (made == nullptr) return absl::DataLossError("Fanout.publication: want an id of 16 bytes and a class");
      return made;
    }
    case push::v1::Fanout::kDisconnect:
      return DisconnectOrder{fanout.disconnect().device_id(), fanout.disconnect().may_reconnect()};
    case push::v1::Fanout::kLeaveRoom:
      return LeaveRoomOrder{fanout.leave_room().room_id()};
    default:
      return absl::DataLossError("Fanout: empty, or of a kind that this gateway does not know");
  }
}

PublicationPtr MakeRepeat(const push::v1::Publication& publication) { return Make(publication, 0, "", true); }

FrameForms EncodeFrames(const std::string& channel, const Publication& publication,
                        const std::array<bool, kForms>& wanted, uint64_t tag) {
  FrameForms frames;
  if (publication.body == nullptr) return frames;
  protocol::Push push;
  push.set_channel(channel);
  *push.mutable_pub() = *publication.body;
  for (int form = 0; form < kForms; ++form) {
    if (wanted[static_cast<size_t>(form)]) frames[form] = EncodeFrame(push, static_cast<protocol::Form>(form), tag);
  }
  return frames;
}

}  // namespace trivium::gateway
