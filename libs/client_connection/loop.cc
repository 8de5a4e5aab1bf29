#include "libs/client_connection/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace trivium::client {

absl::StatusOr<std::unique_ptr<Loop>> Loop::Start(LoopOptions options) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_fd < 0 || event_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event) != 0) {
    if (epoll_fd >= 0) close(epoll_fd);
    if (event_fd >= 0) close(event_fd);
    return absl::ResourceExhaustedError("a loop needs two file descriptors; there are none left");
  }
  return std::unique_ptr<Loop>(new Loop(options, epoll_fd, event_fd));
}

Loop::Loop(LoopOptions options, int epoll_fd, int event_fd)
    : options_(options), epoll_fd_(epoll_fd), event_fd_(event_fd), thread_([this] { Work(); }) {}

Loop::~Loop() {
  Post([this] { stop_ = true; });
  thread_.join();
  close(event_fd_);
  close(epoll_fd_);
}

void Loop::Post(std::function<void()> f) {
  bool first = false;
  {
    MutexLock lock(mu_);
    first = posted_.empty();
    posted_.push_back(std::move(f));
  }
  const uint64_t one = 1;
  if (first && write(event_fd_, &one, sizeof(one)) < 0) return;  // The counter is full: the thread is awake already.
}

void Loop::Run(const std::function<void()>& f) {
  if (std::this_thread::get_id() == thread_.get_id()) return f();
  Mutex mu;
  CondVar changed;
  bool done = false;
  Post([&] {
    f();
    MutexLock lock(mu);
    done = true;
    changed.NotifyAll();
  });
  MutexLock lock(mu);
  while (!done) changed.Wait(mu);
}

bool Loop::Add(int fd, uint32_t events, LoopMember* member) {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = member}};
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::Change(int fd, uint32_t events, LoopMember* member) {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = member}};
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void Loop::Remove(int fd) { epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

void Loop::SetTime(LoopMember* member, SteadyTime old, SteadyTime now) {
  if (old == now) return;
  if (old != SteadyTime::max()) times_.erase({old, member});
  if (now != SteadyTime::max()) times_.insert({now, member});
}

int Loop::Patience() const {
  if (times_.empty()) return 1000;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(times_.begin()->first - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1000));
}

void Loop::Work() {
  epoll_event events[256];
  while (!stop_) {
    const int n = epoll_wait(epoll_fd_, events, std::size(events), Patience());
    now_ = std::chrono::steady_clock::now();
    bool posted = false;
    for (int i = 0; i < n; ++i) {
      // Members are removed by posted functions alone, so that none is gone here.
      auto* member = static_cast<LoopMember*>(events[i].data.ptr);
      if (member == nullptr)
        posted = true;
      else
        member->OnReady(events[i].events);
    }
    RunTimes();
    if (posted) RunPosted();
    const bool more = n == static_cast<int>(std::size(events));
    if (n > 0 && !more && options_.gather.count() > 0) std::this_thread::sleep_for(options_.gather);
  }
}

void Loop::RunPosted() {
  uint64_t count = 0;
  if (read(event_fd_, &count, sizeof(count)) < 0) return;
  std::vector<std::function<void()>> posted;
  {
    MutexLock lock(mu_);
    posted.swap(posted_);
  }
  for (const auto& f : posted) f();
}

void Loop::RunTimes() {
  const SteadyTime now = std::chrono::steady_clock::now();
  // Those that are due now; what they set for later waits for the next turn.
  std::vector<LoopMember*> due;
  for (auto it = times_.begin(); it != times_.end() && it->first <= now; ++it) due.push_back(it->second);
  for (LoopMember* member : due) member->OnTime(now);
}

}  // namespace trivium::client
