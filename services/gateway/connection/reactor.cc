#include "services/gateway/connection/reactor.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/gateway/connection/loop.h"
#include "services/gateway/connection/socket_connection.h"
#include "services/gateway/connection/socket_options.h"

namespace trivium::gateway {
namespace {

// What one turn does at most of each, so that none waits for another for long.
constexpr int kMaxEvents = 256;
constexpr int kMaxSubmissions = 64;
constexpr size_t kMaxFlushes = 512;

}  // namespace

absl::StatusOr<std::unique_ptr<Reactor>> Reactor::New(uint16_t index, const ReactorOptions& options,
                                                      QueueBudget& budget, Clock& clock, Metrics& metrics) {
  TRIVIUM_RETURN_IF_ERROR(Validate(options));
  std::unique_ptr<Reactor> reactor(new Reactor(index, options, budget, clock, metrics));
  TRIVIUM_RETURN_IF_ERROR(reactor->Init());
  return reactor;
}

Reactor::Reactor(uint16_t index, const ReactorOptions& options, QueueBudget& budget, Clock& clock, Metrics& metrics)
    : index_(index),
      budget_(budget),
      submissions_(static_cast<size_t>(options.max_submissions)),
      loop_(std::make_unique<Loop>(options, clock, metrics)),
      turn_end_us_(loop_->now_us) {}

absl::Status Reactor::Init() {
  loop_->epoll = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  epoll_event wake{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (submissions_.event_fd() >= 0 && loop_->epoll.get() >= 0 &&
      epoll_ctl(loop_->epoll.get(), EPOLL_CTL_ADD, submissions_.event_fd(), &wake) == 0) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kResourceExhausted, "DESCRIPTOR_LIMIT",
               absl::StrCat("reactor ", index_, ": no descriptor for its loop, want 2"));
}

Reactor::~Reactor() {
  Stop(kCloseShutdown, "shutdown", absl::ZeroDuration());
  CutAll();
  Bury();
  ShareBudget();
}

absl::Status Reactor::Adopt(AcceptedSocket socket) {
  if (socket.form < 0 || socket.form >= kForms || socket.handler == nullptr || socket.fd.get() < 0) {
    return Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID",
                 absl::StrCat("AcceptedSocket: form ", socket.form, ", want 0-", kForms - 1,
                              ", with a handler and a descriptor"));
  }
  if (connections_.fetch_add(1) >= loop_->options.max_connections) {
    return RefuseOverLimit(socket);
  }
  const bool taken = Post([this, socket = std::move(socket)]() mutable { Open(std::move(socket)); });
  if (taken) return absl::OkStatus();
  connections_.fetch_sub(1);
  loop_->tally.Refused("busy");
  return Error(absl::StatusCode::kResourceExhausted, "SUBMISSION_QUEUE_FULL",
               absl::StrCat("reactor ", index_, ": submissions, want < ", loop_->options.max_submissions));
}

// Tells the client why, as far as its socket takes it at once.
absl::Status Reactor::RefuseOverLimit(const AcceptedSocket& socket) {
  const SharedFrame close = SharedFrame::Close(kCloseConnectionLimit, "connection limit");
  (void)send(socket.fd.get(), close.bytes().data(), close.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  connections_.fetch_sub(1);
  loop_->tally.Refused("limit");
  return Error(absl::StatusCode::kResourceExhausted, "CONNECTION_LIMIT",
               absl::StrCat("reactor ", index_, ": connections, want <= ", loop_->options.max_connections));
}

bool Reactor::Post(Submission fn) {
  if (submissions_.Push(std::move(fn))) return true;
  loop_->tally.SubmissionRefused();
  return false;
}

bool Reactor::Run(ConnectionId id, absl::AnyInvocable<void(Connection&)> fn) {
  return Post([this, id, fn = std::move(fn)]() mutable {
    if (SocketConnection* connection = Find(id)) fn(*connection);
  });
}

bool Reactor::Send(ConnectionId id, SharedFrame frame, FrameClass frame_class) {
  return Run(id, [frame = std::move(frame), frame_class](Connection& to) { to.Send(frame, frame_class); });
}

bool Reactor::Close(ConnectionId id, uint16_t code, std::string reason) {
  return Run(id, [code, reason = std::move(reason)](Connection& which) { which.Close(code, reason); });
}

bool Reactor::Publish(std::string channel, FrameForms frames, FrameClass frame_class) {
  return Post([this, channel = std::move(channel), frames = std::move(frames), frame_class] {
    for (int form = 0; form < kForms; ++form) {
      if (!frames[form]) continue;
      loop_->hub.ForEach(channel, form, [&](Subscriber& member) {
        static_cast<SocketConnection&>(member).Send(frames[form], frame_class);
      });
    }
  });
}

bool Reactor::Broadcast(std::vector<ConnectionId> ids, FrameForms frames, FrameClass frame_class) {
  return Post([this, ids = std::move(ids), frames = std::move(frames), frame_class] {
    for (const ConnectionId id : ids) {
      SocketConnection* connection = Find(id);
      if (connection != nullptr && frames[connection->form()])
        connection->Send(frames[connection->form()], frame_class);
    }
  });
}

void Reactor::Open(AcceptedSocket socket) {
  SetSocketOptions(socket.fd.get(), loop_->options);
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t at = free_slots_.back();
  free_slots_.pop_back();
  std::string early_bytes = std::move(socket.early_bytes);
  const ConnectionId id{at, slots_[at].generation, index_};
  slots_[at].connection = std::make_unique<SocketConnection>(id, std::move(socket), *loop_);
  slots_[at].connection->Open(std::move(early_bytes));
  // Adopted just before Stop.
  if (closing_all_) closing_all_(*slots_[at].connection);
}

SocketConnection* Reactor::Find(ConnectionId id) {
  if (id.reactor != index_ || id.slot >= slots_.size() || slots_[id.slot].generation != id.generation) return nullptr;
  SocketConnection* connection = slots_[id.slot].connection.get();
  return connection != nullptr && connection->open() ? connection : nullptr;
}

void Reactor::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), absl::StrCat("reactor-", index_).c_str());
    while (!stopping_.load(std::memory_order_acquire)) Turn(absl::InfiniteDuration());
  });
}

void Reactor::Stop(uint16_t code, std::string_view reason, absl::Duration grace) {
  if (!thread_.joinable()) return;
  const absl::Duration until = loop_->clock.Monotonic() + grace;
  // The thread itself watches the rest: it alone knows the connections.
  submissions_.Close([this, code, reason = std::string(reason), until] {
    CloseAll(code, reason);
    while (connections_.load() > 0 && loop_->clock.Monotonic() < until) Turn(absl::Milliseconds(10));
    stopping_.store(true, std::memory_order_release);
  });
  thread_.join();
}

void Reactor::Turn(absl::Duration max_wait) {
  HandleEvents(WaitMs(max_wait));
  const uint64_t waited_us = loop_->now_us - turn_end_us_;
  RunSubmissions();
  loop_->wheel.Advance(loop_->now_ms(),
                       [](Timer& timer) { static_cast<SocketConnection*>(timer.owner)->OnTimer(timer); });
  FlushSome();
  ShareBudget();
  over_budget_ = budget_.queued_bytes.load() > static_cast<int64_t>(loop_->options.max_process_queue_bytes);
  if (over_budget_) CloseLongestQueue();
  Bury();
  loop_->tally.Publish();
  turn_end_us_ = static_cast<uint64_t>(absl::ToInt64Microseconds(loop_->clock.Monotonic()));
  const uint64_t worked_us = turn_end_us_ - loop_->now_us;
  loop_->tally.Turn(static_cast<double>(worked_us) / 1e6);
  loop_->coalescing.Turn(waited_us, worked_us);
}

int Reactor::WaitMs(absl::Duration max_wait) const {
  if (next_ < batch_.size() || !loop_->to_flush.empty()) return 0;
  const auto now_ms = static_cast<uint64_t>(absl::ToInt64Milliseconds(loop_->clock.Monotonic()));
  const uint64_t wake_ms = loop_->wheel.NextWake();
  int64_t wait_ms = std::numeric_limits<int>::max();
  if (wake_ms != TimingWheel::kNever) wait_ms = wake_ms <= now_ms ? 0 : static_cast<int64_t>(wake_ms - now_ms);
  wait_ms = std::min(wait_ms, absl::ToInt64Milliseconds(max_wait));
  if (over_budget_) wait_ms = std::min<int64_t>(wait_ms, 1);
  if (wait_ms >= std::numeric_limits<int>::max()) return -1;
  return static_cast<int>(wait_ms);
}

void Reactor::HandleEvents(int wait_ms) {
  std::array<epoll_event, kMaxEvents> events;
  const int n = epoll_wait(loop_->epoll.get(), events.data(), kMaxEvents, wait_ms);
  loop_->Tick();
  for (int i = 0; i < n; ++i) {
    // Null: the submissions' eventfd.
    if (auto* connection = static_cast<SocketConnection*>(events[i].data.ptr)) connection->OnReady(events[i].events);
  }
}

void Reactor::RunSubmissions() {
  if (next_ == batch_.size()) {
    batch_ = submissions_.TakeAll();
    next_ = 0;
  }
  for (int i = 0; i < kMaxSubmissions && next_ < batch_.size(); ++i) {
    // Moved out first: it may turn the loop itself (Stop).
    Submission submission = std::move(batch_[next_++]);
    submission();
  }
}

void Reactor::FlushSome() {
  auto& list = loop_->to_flush;
  const size_t n = std::min(list.size(), kMaxFlushes);
  for (size_t i = 0; i < n; ++i) {
    SocketConnection* connection = list[i];
    connection->TakenFromFlushList();
    if (connection->finished()) {
      loop_->finished.push_back(connection);
    } else {
      connection->Flush();
    }
  }
  list.erase(list.begin(), list.begin() + static_cast<ptrdiff_t>(n));
}

void Reactor::ShareBudget() {
  budget_.queued_bytes.fetch_add(loop_->tally.queued_bytes - shared_bytes_);
  shared_bytes_ = loop_->tally.queued_bytes;
}

// Of those whose clients don't read; what the others have queued leaves at once. One a turn: the next turn looks again,
// when the other reactors have done their part.
void Reactor::CloseLongestQueue() {
  SocketConnection* longest = nullptr;
  ForEachOpen([&](SocketConnection& connection) {
    if (!connection.blocked()) return;
    if (longest == nullptr || connection.queued_bytes() > longest->queued_bytes()) longest = &connection;
  });
  if (longest != nullptr) longest->CloseSlow();
}

// Destroys finished connections. One that is still in the flush list comes back here when it is taken from there.
void Reactor::Bury() {
  for (size_t i = 0; i < loop_->finished.size(); ++i) {
    SocketConnection* connection = loop_->finished[i];
    Slot& slot = slots_[connection->id().slot];
    ++slot.generation;
    free_slots_.push_back(connection->id().slot);
    slot.connection.reset();
    connections_.fetch_sub(1);
  }
  loop_->finished.clear();
}

template <typename Each>
void Reactor::ForEachOpen(Each&& each) {
  // By index: a callback may open one.
  for (size_t i = 0; i < slots_.size(); ++i) {
    SocketConnection* connection = slots_[i].connection.get();
    if (connection != nullptr && connection->open()) each(*connection);
  }
}

void Reactor::CloseAll(uint16_t code, std::string_view reason) {
  closing_all_ = [code, reason = std::string(reason)](Connection& connection) { connection.Close(code, reason); };
  ForEachOpen(closing_all_);
}

void Reactor::CutAll() {
  for (SocketConnection* connection : std::exchange(loop_->to_flush, {})) {
    connection->TakenFromFlushList();
    if (connection->finished()) loop_->finished.push_back(connection);
  }
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].connection != nullptr) slots_[i].connection->Cut();
  }
}

}  // namespace trivium::gateway
