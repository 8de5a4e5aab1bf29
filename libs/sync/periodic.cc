#include "libs/sync/periodic.h"

#include <pthread.h>

#include <utility>

namespace trivium {

Periodic::Periodic(std::string name, absl::Duration pause, std::function<bool()> step)
    : name_(std::move(name)), pause_(pause), step_(std::move(step)) {}

Periodic::~Periodic() { Stop(); }

void Periodic::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Periodic::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Periodic::Wake() {
  MutexLock lock(mu_);
  woken_ = true;
  wake_.NotifyAll();
}

void Periodic::Run() {
  // Names of threads have at most 15 characters.
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  for (;;) {
    const bool more = step_();
    MutexLock lock(mu_);
    if (!more && !woken_ && !stopping_) wake_.WaitFor(mu_, pause_);
    woken_ = false;
    if (stopping_) return;
  }
}

}  // namespace trivium
