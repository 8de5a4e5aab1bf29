#include "services/gateway/clients/client.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/json_scanner.h"
#include "services/gateway/clients/metrics.h"

namespace trivium::gateway {
namespace {

constexpr size_t kMaxFrameBytes = 64 << 10;  // Messages are put together up to it.
constexpr size_t kMaxDeviceText = 128;
constexpr size_t kMaxSamples = 64;
constexpr int kDeviceDepth = 8;
constexpr double kQuestionsPerSecond = 50;  // Of a connection.
constexpr int kQuestionBurst = 200;

// Of the metric: codes that we or RFC 6455 know.
std::string CodeLabel(uint16_t code) {
  for (const auto& row : protocol::kDisconnectTexts) {
    if (static_cast<uint16_t>(row.code) == code) return absl::StrCat(code);
  }
  return code >= 1000 && code <= 1014 ? absl::StrCat(code) : "other";
}

// {platform, device_id} as far as the data has them.
void ReadDevice(std::string_view data, std::string* platform, std::string* device_id) {
  JsonScanner scanner(data, kDeviceDepth);
  std::string found_platform, found_device;
  const bool ok = scanner.ReadObject([&](std::string_view name) {
    std::string_view skipped;
    if (name == "platform") return scanner.ReadString(&found_platform);
    if (name == "device_id") return scanner.ReadString(&found_device);
    return scanner.ReadRaw(&skipped);
  });
  if (!ok || found_platform.size() > kMaxDeviceText || found_device.size() > kMaxDeviceText) return;
  *platform = std::move(found_platform);
  *device_id = std::move(found_device);
}

std::string OutcomeOf(const absl::Status& status) {
  if (status.ok()) return "OK";
  std::string reason = ReasonOf(status);
  return reason.empty() ? absl::StatusCodeToString(status.code()) : reason;
}

absl::Status Busy(const char* what) {
  return Error(absl::StatusCode::kUnavailable, "BUSY", absl::StrCat(what, ": too many wait, try again"));
}

absl::Status TooFast() {
  return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
               absl::StrCat("connection: joins and questions, want at most ", kQuestionsPerSecond, "/s"));
}

absl::Status TooLarge(size_t bytes) {
  return absl::OutOfRangeError(absl::StrCat("answer: ", bytes, " bytes are too many for a socket, call it over HTTP"));
}

protocol::ClientInfo ToClientInfo(const fanout::Connection& connection) {
  protocol::ClientInfo info;
  info.set_user(connection.user);
  info.set_client(connection.id);
  const std::string platform = PlatformOf(connection.info);
  if (platform.empty()) return info;
  std::string json = "{\"platform\":";
  AppendJsonString(platform, &json);
  info.set_conn_info(json + "}");
  return info;
}

}  // namespace

Client::Client(Floor& floor, protocol::Form form, std::string origin)
    : Subscriber(static_cast<int>(form)),
      floor_(floor),
      session_(floor.session, form, FormatId("cli", floor.ids->Next()), floor.clock.Monotonic()),
      origin_(std::move(origin)) {}

Client::~Client() = default;

void Client::OnOpen(Connection& connection) {
  connection_ = &connection;
  id_ = connection.id();
  auto& clients = floor_.shards[id_.reactor].clients;
  shard_index = clients.size();
  clients.push_back(this);
  AfterActions();
}

void Client::OnMessage(Connection&, MessageType, std::string_view payload) { Do(session_.OnFrame(payload, Now())); }

void Client::OnDropped(Connection& connection, const SharedFrame& frame, FrameClass, DropReason) {
  if (frame.tag() != 0) floor_.counts->Dropped(frame.tag());
  // Frames are counted through; after a hole the number of an awaited one is not known.
  samples_.clear();
  connection.WatchWrites(false);
}

void Client::OnTimer(Connection&) {
  timer_at_ = absl::InfiniteDuration();
  Do(session_.OnDeadline(Now()));
}

void Client::OnWritten(Connection& connection) {
  const uint64_t written = connection.counters().sent_frames;
  const int64_t now_ms = floor_.NowMs();
  const auto is_written = [&](const Sample& sample) { return sample.frame <= written; };
  for (const Sample& sample : samples_) {
    if (is_written(sample)) sample.seconds->Observe(static_cast<double>(now_ms - sample.create_time_ms) / 1000);
  }
  std::erase_if(samples_, is_written);
  if (samples_.empty()) connection.WatchWrites(false);
}

void Client::OnClosed(Connection&, const CloseInfo& info) {
  for (const Membership& membership : memberships_) {
    if (membership.slot->kind != protocol::ChannelKind::kRoom) continue;
    floor_.links->Of(membership.slot->product)
        .RememberRoom(session_.uid(), std::string(protocol::ParseChannelName(membership.slot->name)->id));
  }
  Do(session_.OnConnectionLost());
  auto& clients = floor_.shards[id_.reactor].clients;
  clients[shard_index] = clients.back();
  clients[shard_index]->shard_index = shard_index;
  clients.pop_back();
  const std::string product = session_.product().empty() ? "none" : session_.product();
  floor_.metrics.GetCounter(kDisconnects, {product, CodeLabel(info.code)}).Add();
  if (floor_.ended != nullptr) {
    floor_.ended({.product = session_.product(),
                  .code = info.code,
                  .reason = info.reason,
                  .by_client = info.by_peer,
                  .lasted = meters_ == nullptr ? absl::ZeroDuration() : floor_.clock.Now() - connect_time_,
                  .received_bytes = info.counters.received_bytes,
                  .sent_bytes = info.counters.sent_bytes});
  }
  if (meters_ != nullptr) meters_->clients->Add(-1);
  seat_.reset();
}

// Answers that are there at once are acted upon inside of the actions that asked; the order of what is sent stays.
void Client::Do(protocol::Actions actions) {
  ++depth_;
  for (protocol::Action& action : actions) {
    std::visit([this](auto& one) { Act(one); }, action);
  }
  if (--depth_ > 0) return;
  Flush();
  AfterActions();
}

void Client::AfterActions() {
  if (session_.connected() && meters_ == nullptr) {
    meters_ = &floor_.meters->Of(session_.product());
    meters_->clients->Add(1);
    connect_time_ = floor_.clock.Now();
    connection_->Established();
    RefreshPresence();
  }
  // A deadline that moves away is looked at when the earlier one comes.
  const absl::Duration due = session_.deadline();
  if (due >= timer_at_) return;
  timer_at_ = due;
  connection_->SetTimer(due);
}

void Client::Flush() {
  if (out_.empty()) return;
  const Opcode opcode = form() == protocol::Form::kJson ? Opcode::kText : Opcode::kBinary;
  const SharedFrame frame = SharedFrame::Make(opcode, out_);
  // The buffer is not kept: most connections are idle.
  std::string().swap(out_);
  connection_->Send(frame, FrameClass::kControl);
}

void Client::Act(protocol::SendMessage& action) {
  if (!out_.empty() && out_.size() + action.bytes.size() > kMaxFrameBytes) Flush();
  protocol::AppendToFrame(form(), action.bytes, &out_);
}

void Client::Act(protocol::SendPing&) {
  protocol::AppendToFrame(form(), protocol::PingMessage(form()), &out_);
  RefreshPresence();
}

void Client::Act(protocol::CloseConnection& action) {
  Flush();
  connection_->Close(static_cast<uint16_t>(action.code), action.reason);
}

void Client::Act(protocol::VerifyToken& action) {
  const bool connect = meters_ == nullptr;
  if (connect) {
    seat_.reset();
    ReadDevice(action.device, &platform_, &device_id_);
  }
  // The client's own copies: it may be gone before the check is done.
  auto work = [&floor = floor_, id = id_, client = this, connect, ticket = action.ticket,
               token = std::move(action.token), origin = origin_] {
    auto identity = floor.tokens.CheckUser(token);
    std::unique_ptr<Admission::Seat> seat;
    if (identity.ok() && connect) {
      auto admitted = floor.admission->Admit(identity->product, identity->uid, origin);
      const std::string product = identity->product;
      if (admitted.ok()) {
        seat = *std::move(admitted);
      } else {
        identity = admitted.status();
      }
      floor.metrics.GetCounter(kConnects, {product, OutcomeOf(identity.status())}).Add();
    } else if (connect) {
      floor.metrics.GetCounter(kConnects, {"none", OutcomeOf(identity.status())}).Add();
    }
    floor.reactors->Run(id,
                        [client, ticket, identity = std::move(identity), seat = std::move(seat)](Connection&) mutable {
                          client->OnTokenChecked(ticket, std::move(identity), std::move(seat));
                        });
  };
  if (floor_.token_pool->Submit(std::move(work))) return;
  floor_.metrics.GetCounter(kWorkRefused, {"token"}).Add();
  floor_.metrics.GetCounter(kConnects, {"none", "BUSY"}).Add();
  Do(session_.OnTokenVerified(action.ticket, Busy("token"), Now()));
}

void Client::OnTokenChecked(protocol::Ticket ticket, absl::StatusOr<TokenIdentity> identity,
                            std::unique_ptr<Admission::Seat> seat) {
  if (seat != nullptr) seat_ = std::move(seat);
  if (absl::IsPermissionDenied(identity.status())) {
    return Do(session_.Close(protocol::DisconnectCode::kPermissionDenied, "origin"));
  }
  if (absl::IsResourceExhausted(identity.status())) {
    return Do(session_.Close(protocol::DisconnectCode::kConnectionLimit));
  }
  if (!identity.ok()) return Do(session_.OnTokenVerified(ticket, identity.status(), Now()));
  const absl::Duration ttl = identity->expires - floor_.clock.Now();
  // Within the clock skew of the check: the client gets a moment to refresh.
  protocol::VerifiedToken token{identity->uid, identity->product, std::max(ttl, absl::Seconds(1))};
  Do(session_.OnTokenVerified(ticket, std::move(token), Now()));
}

void Client::Act(protocol::JoinChannel& action) {
  const auto name = protocol::ParseChannelName(action.channel);
  if (action.server_side || !name || name->kind != protocol::ChannelKind::kRoom) {
    return EnterChannel(action.ticket, action.channel, std::move(action.from));
  }
  if (!MayAsk()) return FailJoin(action.ticket, TooFast());
  asking_.push_back({action.ticket, action.channel});
  floor_.links->Of(session_.product())
      .CheckRoom(session_.uid(), std::string(name->id),
                 [this, &floor = floor_, id = id_, ticket = action.ticket,
                  from = std::move(action.from)](absl::StatusOr<bool> allowed) mutable {
                   floor.reactors->Run(
                       id, [this, ticket, from = std::move(from), allowed = std::move(allowed)](Connection&) mutable {
                         OnRoomChecked(ticket, std::move(from), std::move(allowed));
                       });
                 });
}

void Client::OnRoomChecked(protocol::Ticket ticket, std::optional<protocol::Position> from,
                           absl::StatusOr<bool> allowed) {
  const auto asking = std::find_if(asking_.begin(), asking_.end(), [&](const Asking& a) { return a.ticket == ticket; });
  if (asking == asking_.end()) return FailJoin(ticket, absl::CancelledError("unsubscribed"));
  const std::string channel = std::move(asking->channel);
  asking_.erase(asking);
  if (!allowed.ok()) return FailJoin(ticket, allowed.status());
  if (!*allowed) {
    return FailJoin(ticket, Error(absl::StatusCode::kPermissionDenied, "NOT_A_MEMBER", "the room is for members only"));
  }
  EnterChannel(ticket, channel, std::move(from));
}

void Client::FailJoin(protocol::Ticket ticket, absl::Status status) {
  Do(session_.OnJoined(ticket, std::move(status), Now()));
}

// First the live publications, then what was before them: nothing falls between the two.
void Client::EnterChannel(protocol::Ticket ticket, const std::string& channel, std::optional<protocol::Position> from) {
  auto slot = floor_.feeds->Enter(session_.product(), channel, id_.reactor, Subscriber::form(), from.has_value());
  if (!slot.ok()) return FailJoin(ticket, slot.status());
  floor_.shards[id_.reactor].hub.Join(*this, (*slot)->key);
  memberships_.push_back({*slot, ticket, 0, 0, 0, false});
  auto joined = floor_.feeds->Join(*slot, {id_, this, ticket, from, absl::ZeroDuration()});
  if (joined) OnJoined(ticket, *slot, from, *std::move(joined));
}

void Client::OnJoined(protocol::Ticket ticket, const SlotPtr& slot, const std::optional<protocol::Position>& from,
                      absl::StatusOr<protocol::JoinedChannel> joined) {
  Membership* membership = Find(slot->name);
  const bool current = membership != nullptr && membership->ticket == ticket;
  if (!current || !joined.ok()) return Do(session_.OnJoined(ticket, std::move(joined), Now()));
  size_t bytes = 0;
  for (const protocol::Entry& entry : joined->history)
    bytes += entry.publication ? entry.publication->data().size() : 0;
  // Too much for one answer is as too many: the client begins at the top.
  if (bytes > floor_.answer_bytes_max) joined->history.clear();
  const bool recovered = from && protocol::Recover(*from, joined->top, joined->history).recovered;
  membership->from = membership->acked = recovered ? from->offset : joined->top.offset;
  floor_.metrics.GetCounter(kRecoveries, {slot->product, !from ? "fresh" : recovered ? "recovered" : "lost"}).Add();
  Do(session_.OnJoined(ticket, std::move(joined), Now()));
  membership = Find(slot->name);
  if (session_.closed() || membership == nullptr || membership->ticket != ticket) return;
  if (meters_ != nullptr) RefreshPresence(*slot);
  if (!recovered) AskPending(slot);
}

void Client::Act(protocol::LeaveChannel& action) {
  std::erase_if(asking_, [&](const Asking& asking) { return asking.channel == action.channel; });
  const auto found = std::find_if(memberships_.begin(), memberships_.end(),
                                  [&](const Membership& m) { return m.slot->name == action.channel; });
  if (found == memberships_.end()) return;
  LeaveSlot(*found);
  memberships_.erase(found);
}

void Client::LeaveSlot(const Membership& membership) {
  floor_.shards[id_.reactor].hub.Leave(*this, membership.slot->key);
  floor_.feeds->Leave(membership.slot, id_.reactor, Subscriber::form());
  if (meters_ != nullptr && HasPresence(*membership.slot)) {
    floor_.presence->Remove(membership.slot->product, membership.slot->name, session_.client_id());
  }
}

Client::Membership* Client::Find(std::string_view channel) {
  const auto found = std::find_if(memberships_.begin(), memberships_.end(),
                                  [&](const Membership& m) { return m.slot->name == channel; });
  return found == memberships_.end() ? nullptr : &*found;
}

bool Client::MayAsk() {
  const auto now_us = static_cast<uint64_t>(absl::ToInt64Microseconds(Now()));
  return questions_.Take(now_us, kQuestionsPerSecond, kQuestionBurst);
}

bool Client::Deliver(const LivePublication& live, bool sample) {
  protocol::Delivery delivery = session_.OnPublication(live.slot->name, live.publication->epoch, live.entry);
  if (!delivery.actions.empty()) Do(std::move(delivery.actions));
  const SharedFrame& frame = live.frames[Subscriber::form()];
  if (!delivery.send || !frame || !connection_->Send(frame, live.publication->frame_class)) return false;
  sample = sample && live.publication->create_time_ms != 0;
  if (sample && samples_.size() < kMaxSamples && connection_->queued_frames() > 0) {
    samples_.push_back({connection_->counters().sent_frames + connection_->queued_frames(),
                        live.publication->create_time_ms,
                        live.slot->meters.delivery_seconds[ClassIndex(*live.publication)]});
    connection_->WatchWrites(true);
  }
  return true;
}

void Client::LoseState(const std::string& channel) { Do(session_.OnStateLost(channel)); }

void Client::Obey(const DisconnectOrder& order) {
  if (!order.device_id.empty() && order.device_id != device_id_) return;
  Do(session_.Close(order.may_reconnect ? protocol::DisconnectCode::kForceReconnect
                                        : protocol::DisconnectCode::kForceDisconnect));
}

void Client::Obey(const LeaveRoomOrder& order) {
  Do(session_.ServerUnsubscribe(protocol::FormatChannelName({protocol::ChannelKind::kRoom, order.room_id}),
                                protocol::UnsubscribeCode::kServer));
}

// RELIABLE messages that the client has not acknowledged and that its history did not bring.
void Client::AskPending(const SlotPtr& slot) {
  floor_.links->Of(slot->product)
      .ListPending(session_.uid(), slot->name,
                   [this, &floor = floor_, id = id_, slot](absl::StatusOr<PendingMessages> pending) {
                     floor.reactors->Run(id, [this, slot, pending = std::move(pending)](Connection&) mutable {
                       OnPending(slot, std::move(pending));
                     });
                   });
}

void Client::OnPending(const SlotPtr& slot, absl::StatusOr<PendingMessages> pending) {
  Membership* membership = Find(slot->name);
  // Push repeats by itself what stays unacknowledged: a list that could not be had costs time, no message.
  if (!pending.ok() || membership == nullptr || membership->slot != slot) return;
  const auto repeats = floor_.feeds->NotCameAfter(slot, membership->from, std::move(pending->repeats));
  membership->more = pending->has_more;
  std::array<bool, kForms> wanted{};
  wanted[static_cast<size_t>(Subscriber::form())] = true;
  size_t bytes = 0;
  for (const PublicationPtr& repeat : repeats) {
    if (repeat->ExpiredAt(floor_.NowMs())) continue;
    bytes += repeat->body->data().size();
    if (bytes > floor_.answer_bytes_max && membership->repeats_out > 0) {
      // When these are acknowledged, the rest is asked for again.
      membership->more = true;
      break;
    }
    protocol::Delivery delivery = session_.OnPublication(slot->name, "", repeat->EntryAt(0));
    const FrameForms frames = EncodeFrames(slot->name, *repeat, wanted, 0);
    const SharedFrame& frame = frames[Subscriber::form()];
    // What is not sent now is held until the client knows of the channel.
    if (delivery.send && frame) connection_->Send(frame, FrameClass::kReliable);
    ++membership->repeats_out;
    slot->meters.repeats->Add();
  }
}

CommandCall Client::NewCall() const {
  CommandCall call;
  call.product = session_.product();
  call.uid = session_.uid();
  call.scope = AuthScope::kUser;
  call.connection_id = session_.client_id();
  call.room_id = RoomSpokenOf();
  call.peer = connection_->peer();
  return call;
}

// The room, where it is in one alone.
std::string Client::RoomSpokenOf() const {
  std::string room;
  for (const Membership& membership : memberships_) {
    if (membership.slot->kind != protocol::ChannelKind::kRoom) continue;
    if (!room.empty()) return "";
    room = protocol::ParseChannelName(membership.slot->name)->id;
  }
  return room;
}

void Client::Act(protocol::CallRpc& action) {
  if (action.method == kAckCommand) return CallAck(action);
  CommandCall call = NewCall();
  // Digits are a command's number: no name is digits alone.
  if (!absl::SimpleAtoi(action.method, &call.number)) call.name = action.method;
  call.payload = std::move(action.data);
  call.form = call.answer_form = form() == protocol::Form::kJson ? BodyForm::kJson : BodyForm::kProtobuf;
  floor_.executor.Execute(std::move(call), [this, gate = floor_.gate, id = id_,
                                            ticket = action.ticket](absl::StatusOr<std::string> answer) {
    gate->Run(id, [this, ticket, answer = std::move(answer)](Connection&) mutable {
      if (!answer.ok()) return OnAnswer(ticket, answer.status());
      if (answer->size() > floor_.answer_bytes_max) return OnAnswer(ticket, TooLarge(answer->size()));
      protocol::Reply reply;
      reply.mutable_rpc()->set_data(*std::move(answer));
      OnAnswer(ticket, std::move(reply));
    });
  });
}

// A position means this connection's messages: it becomes their ids here, where they are known.
void Client::CallAck(protocol::CallRpc& action) {
  auto request = ParseAck(action.data);
  if (!request.ok()) return OnAnswer(action.ticket, request.status());
  SlotPtr slot;
  const size_t exact = request->message_ids.size();
  if (!request->channel.empty()) {
    const Membership* membership = Find(request->channel);
    if (membership == nullptr) {
      return OnAnswer(action.ticket, Error(absl::StatusCode::kFailedPrecondition, "NOT_SUBSCRIBED",
                                           "channel: not joined by this connection")
                                         .ToStatus());
    }
    slot = membership->slot;
    for (const Id& id :
         floor_.feeds->ReliableIds(slot, request->epoch, membership->acked, &request->offset, kMaxAckIds - exact)) {
      request->message_ids.push_back(id);
    }
  }
  CommandCall call = NewCall();
  call.name = kAckCommand;
  call.payload = FormatAck(request->message_ids);
  floor_.executor.Execute(std::move(call), [this, gate = floor_.gate, id = id_, ticket = action.ticket, slot, exact,
                                            offset = request->offset](absl::StatusOr<std::string> answer) {
    gate->Run(id, [this, ticket, slot, exact, offset, answer = std::move(answer)](Connection&) mutable {
      if (!answer.ok()) return OnAnswer(ticket, answer.status());
      OnAcked(slot, offset, exact);
      protocol::Reply reply;
      reply.mutable_rpc()->set_data(*std::move(answer));
      OnAnswer(ticket, std::move(reply));
    });
  });
}

void Client::OnAcked(const SlotPtr& slot, uint64_t offset, size_t exact_ids) {
  if (Membership* membership = slot == nullptr ? nullptr : Find(slot->name); membership != nullptr) {
    membership->acked = std::max(membership->acked, offset);
  }
  // Repeats are acknowledged by id. Which channel's they were is not known: each may have become free for more.
  for (Membership& membership : memberships_) {
    if (exact_ids == 0 || membership.repeats_out == 0) continue;
    const auto taken = std::min<size_t>(membership.repeats_out, exact_ids);
    membership.repeats_out -= static_cast<uint32_t>(taken);
    exact_ids -= taken;
    if (membership.repeats_out > 0 || !std::exchange(membership.more, false)) continue;
    AskPending(membership.slot);
  }
}

void Client::Act(protocol::ReadPresence& action) {
  const Membership* membership = Find(action.channel);
  if (!MayAsk()) return OnAnswer(action.ticket, TooFast());
  if (membership == nullptr || !HasPresence(*membership->slot)) {
    return OnAnswer(action.ticket, absl::FailedPreconditionError("presence: of rooms and users only"));
  }
  floor_.presence->List(
      session_.product(), action.channel,
      [this, &floor = floor_, id = id_, ticket = action.ticket](absl::StatusOr<PresenceKeeper::ListPtr> list) {
        floor.reactors->Run(id, [this, ticket, list = std::move(list)](Connection&) {
          if (!list.ok()) return OnAnswer(ticket, list.status());
          protocol::Reply reply;
          auto& presence = *reply.mutable_presence()->mutable_presence();
          for (const fanout::Connection& connection : (*list)->connections) {
            presence[connection.id] = ToClientInfo(connection);
          }
          OnAnswer(ticket, std::move(reply));
        });
      });
}

void Client::Act(protocol::ReadPresenceStats& action) {
  const Membership* membership = Find(action.channel);
  if (!MayAsk()) return OnAnswer(action.ticket, TooFast());
  if (membership == nullptr || !HasPresence(*membership->slot)) {
    return OnAnswer(action.ticket, absl::FailedPreconditionError("presence: of rooms and users only"));
  }
  floor_.presence->List(
      session_.product(), action.channel,
      [this, &floor = floor_, id = id_, ticket = action.ticket](absl::StatusOr<PresenceKeeper::ListPtr> list) {
        floor.reactors->Run(id, [this, ticket, list = std::move(list)](Connection&) {
          if (!list.ok()) return OnAnswer(ticket, list.status());
          protocol::Reply reply;
          reply.mutable_presence_stats()->set_num_clients(static_cast<uint32_t>((*list)->count.num_connections));
          reply.mutable_presence_stats()->set_num_users(static_cast<uint32_t>((*list)->count.num_users));
          OnAnswer(ticket, std::move(reply));
        });
      });
}

void Client::Act(protocol::ReadHistory& action) {
  if (!MayAsk()) return OnAnswer(action.ticket, TooFast());
  fanout::Query query{
      {session_.product(), action.channel}, std::nullopt, static_cast<int>(action.limit), action.reverse};
  if (action.since) query.since = fanout::Position{action.since->epoch, static_cast<int64_t>(action.since->offset)};
  const std::string epoch = action.since ? action.since->epoch : "";
  const bool taken = floor_.feeds->ReadHistory(
      std::move(query),
      [this, &floor = floor_, id = id_, ticket = action.ticket, epoch](absl::StatusOr<fanout::History> history) {
        floor.reactors->Run(id, [this, ticket, epoch, history = std::move(history)](Connection&) {
          if (!history.ok()) return OnAnswer(ticket, history.status());
          if (!epoch.empty() && epoch != history->top.epoch) {
            return OnAnswer(ticket, absl::OutOfRangeError("since.epoch: not the channel's"));
          }
          protocol::Reply reply;
          reply.mutable_history()->set_epoch(history->top.epoch);
          reply.mutable_history()->set_offset(static_cast<uint64_t>(history->top.offset));
          size_t bytes = 0;
          for (const fanout::Entry& entry : history->entries) {
            const auto message =
                DecodeFanout(entry.payload, static_cast<uint64_t>(entry.offset), history->top.epoch, false);
            if (!message.ok() || !std::holds_alternative<PublicationPtr>(*message)) continue;
            const PublicationPtr& publication = std::get<PublicationPtr>(*message);
            bytes += publication->body->data().size();
            if (bytes > floor_.answer_bytes_max && reply.history().publications_size() > 0) break;
            const bool fits = protocol::FitsForm(publication->body->data(), form());
            if (fits && !publication->ExpiredAt(floor_.NowMs())) {
              *reply.mutable_history()->add_publications() = *publication->body;
            }
          }
          OnAnswer(ticket, std::move(reply));
        });
      });
  if (!taken)
    OnAnswer(action.ticket, Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "history: try again").ToStatus());
}

// Nobody here wants to know it.
void Client::Act(protocol::TakeMessage&) {}

void Client::RefreshPresence() {
  for (const Membership& membership : memberships_) RefreshPresence(*membership.slot);
}

void Client::RefreshPresence(const ChannelSlot& slot) {
  if (!HasPresence(slot)) return;
  fanout::Connection connection{session_.client_id(), session_.uid(), ""};
  connection.info = PresenceInfo(connection, device_id_, platform_, connect_time_);
  floor_.presence->Refresh(slot.product, slot.name, std::move(connection));
}

}  // namespace trivium::gateway
