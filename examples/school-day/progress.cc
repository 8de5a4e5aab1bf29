#include "examples/school-day/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace trivium::schoolday {

std::string ProgressLine(const std::string& phase, int done, int total) {
  if (total <= 0) return phase;
  constexpr int kWidth = 30;
  const int filled = std::clamp(done * kWidth / total, 0, kWidth);
  std::string bar(filled, '=');
  if (filled < kWidth) bar += '>';
  bar.resize(kWidth, ' ');
  return absl::StrFormat("[%s] %3d %%  %s %d/%d", bar, std::min(done, total) * 100 / total, phase, done, total);
}

Progress::Progress() : terminal_(isatty(STDERR_FILENO) == 1), thread_([this] { Run(); }) {}

Progress::~Progress() {
  {
    MutexLock lock(mu_);
    stop_ = true;
    stopped_.NotifyAll();
  }
  thread_.join();
}

void Progress::Begin(const std::string& phase, int total) {
  MutexLock lock(mu_);
  phase_ = phase;
  total_ = total;
  done_ = 0;
  shown_ = -1;
}

void Progress::End() {
  MutexLock lock(mu_);
  Show(/*last=*/true);
  phase_.clear();
}

void Progress::Run() {
  MutexLock lock(mu_);
  while (!stop_) {
    Show(/*last=*/false);
    stopped_.WaitFor(mu_, absl::Milliseconds(200));
  }
}

void Progress::Show(bool last) {
  if (phase_.empty()) return;
  const int done = done_;
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s%s", ProgressLine(phase_, done, total_).c_str(), last ? "\n" : "");
    std::fflush(stderr);
    return;
  }
  // A plain line at the beginning and at every fifth.
  const int fifth = total_ > 0 ? done * 5 / total_ : 0;
  if (fifth == shown_ && !(last && shown_ < 5)) return;
  shown_ = last ? 5 : fifth;
  std::fprintf(stderr, "%s %d%s\n", phase_.c_str(), done, total_ > 0 ? absl::StrCat("/", total_).c_str() : "");
}

}  // namespace trivium::schoolday
