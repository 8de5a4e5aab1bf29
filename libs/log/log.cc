#include "libs/log/log.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/log/line.h"
#include "libs/log/log_file.h"
#include "libs/sync/mutex.h"

namespace trivium::log {
namespace {

struct State {
  std::atomic<Level> level{Level::kInfo};
  std::atomic<uint64_t> lost{0};
  Mutex mu;
  LogFile file ABSL_GUARDED_BY(mu);
  std::string service ABSL_GUARDED_BY(mu);
  std::string instance ABSL_GUARDED_BY(mu);
};

// Never destroyed: threads may log while the process ends.
State& TheState() {
  static State* state = new State;
  return *state;
}

thread_local std::string thread_trace_id;
thread_local std::string thread_product;

constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

}  // namespace

absl::Status Init(const Options& options) {
  if (options.keep_files < 0 || options.keep_files > 100) {
    return absl::InvalidArgumentError(absl::StrCat("log.keep_files: ", options.keep_files, ", want 0 to 100"));
  }
  State& state = TheState();
  state.level = options.level;
  MutexLock lock(state.mu);
  state.service = options.service;
  state.instance = options.instance;
  return state.file.Open(options.path, options.max_bytes, options.keep_files);
}

void SetLevel(Level level) { TheState().level = level; }

Level GetLevel() { return TheState().level.load(std::memory_order_relaxed); }

bool ParseLevel(std::string_view text, Level* level) {
  for (size_t i = 0; i < std::size(kLevelNames); ++i) {
    if (text != kLevelNames[i]) continue;
    *level = static_cast<Level>(i);
    return true;
  }
  return false;
}

std::string_view LevelName(Level level) { return kLevelNames[static_cast<size_t>(level)]; }

void Write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  State& state = TheState();
  Head head{absl::Now(), level};
  head.product = thread_product;
  head.trace_id = thread_trace_id;
  MutexLock lock(state.mu);
  head.service = state.service;
  head.instance = state.instance;
  if (!state.file.Append(FormatLine(head, message, fields))) ++state.lost;
}

uint64_t LinesLost() { return TheState().lost; }

ScopedContext::ScopedContext(std::string_view trace_id, std::string_view product)
    : previous_trace_id_(std::move(thread_trace_id)), previous_product_(std::move(thread_product)) {
  thread_trace_id = trace_id;
  thread_product = product;
}

ScopedContext::~ScopedContext() {
  thread_trace_id = std::move(previous_trace_id_);
  thread_product = std::move(previous_product_);
}

}  // namespace trivium::log
