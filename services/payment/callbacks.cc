#include "services/payment/callbacks.h"

#include "absl/strings/str_cat.h"
#include "libs/http/server.h"
#include "libs/log/log.h"
#include "libs/sync/worker_pool.h"

namespace trivium::payment {
namespace {

http::Response Answer(int status, const std::string& text) { return {.status = status, .body = text}; }

// What a callback is about, for logs.
std::string SubjectOf(const PspNotice& notice) {
  return notice.is_refund ? FormatId(kRefundIdKind, notice.refund_id) : FormatId(kAttemptIdKind, notice.attempt_id);
}

}  // namespace

void Callbacks::RegisterOn(http::Server& server, WorkerPool& pool) {
  for (const auto& [name, psp] : psps_) {
    server.HandleBlocking("POST", absl::StrCat("/psp/", name, "/notify"), pool,
                          [this, name = name](const http::Request& request) { return Handle(name, request); });
  }
}

http::Response Callbacks::Handle(const std::string& psp_name, const http::Request& request) {
  const absl::Time now = clock_.Now();
  const absl::Time deadline = now + timeout_;
  const absl::StatusOr<PspNotice> notice = psps_.at(psp_name)->ParseCallback({request.headers, request.body}, now);
  if (!notice.ok()) {
    const bool refused = notice.status().code() == absl::StatusCode::kUnauthenticated;
    metrics_.Callback(psp_name, refused ? "refused" : "malformed");
    TRIVIUM_LOG(kWarning, "a callback was refused", {"psp", psp_name}, {"peer", request.peer},
                {"why", notice.status()});
    return Answer(refused ? 401 : 400, refused ? "signature or time is wrong\n" : "malformed\n");
  }
  absl::Status error;
  const std::string outcome = Apply(*notice, deadline, &error);
  if (outcome == "failed") {
    metrics_.Callback(psp_name, outcome);
    TRIVIUM_LOG(kWarning, "a callback could not be applied: it will come again", {"psp", psp_name},
                {"subject", SubjectOf(*notice)}, {"error", error});
    return Answer(503, "try again\n");
  }
  // It is recorded after it was applied: a crash in between lets it come again, and applying it twice changes nothing.
  const absl::StatusOr<bool> is_new =
      store_.RecordCallback(psp_name, notice->key, outcome, request.body, now, deadline);
  metrics_.Callback(psp_name, is_new.ok() && !*is_new ? "replayed" : outcome);
  if (outcome == "unmatched") {
    TRIVIUM_LOG(kWarning, "a callback matches nothing here", {"psp", psp_name}, {"product", notice->product},
                {"subject", SubjectOf(*notice)});
  }
  return Answer(200, "ok\n");
}

std::string Callbacks::Apply(const PspNotice& notice, absl::Time deadline, absl::Status* error) {
  const absl::StatusOr<Verdict> verdict = resolver_.Hear(notice, deadline);
  if (verdict.ok()) {
    switch (*verdict) {
      case Verdict::kChanged:
        return "applied";
      case Verdict::kAlready:
        return "already";
      case Verdict::kIllegal:
        return "contradicts";
    }
  }
  *error = verdict.status();
  return verdict.status().code() == absl::StatusCode::kNotFound ? "unmatched" : "failed";
}

}  // namespace trivium::payment
