#include "services/gateway/execution/command_executor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/http/gzip.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/trace.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/gateway/execution/service_error.h"
#include "services/gateway/transcoding/json_transcoder.h"
#include "services/gateway/transcoding/wire_scanner.h"

namespace trivium::gateway {
namespace {

constexpr Metric kOverloaded{"trivium_gateway_calls_overloaded_total",
                             "Calls refused since too many were running: of all (process), or of one product.",
                             {"scope"}};
constexpr Metric kInFlight{"trivium_gateway_calls_in_flight", "Calls that are running now."};

constexpr size_t kMaxShown = 100;

// How a caller named a command.
std::string NameOf(const CommandCall& call) {
  if (!call.method.empty()) return ToValidUtf8(Utf8Prefix(call.method, kMaxShown));
  return call.name.empty() ? absl::StrCat(call.number) : ToValidUtf8(Utf8Prefix(call.name, kMaxShown));
}

absl::Status CheckScope(const Command& command, AuthScope scope) {
  if (command.auth_scope == AuthScope::kNone || command.auth_scope == scope) return absl::OkStatus();
  const std::string wanted = command.auth_scope == AuthScope::kUser ? "a user's token" : "a backend's token";
  if (scope == AuthScope::kNone) {
    return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_MISSING",
                 absl::StrCat("command ", command.name, ": want ", wanted))
        .With("command", command.name);
  }
  return Error(absl::StatusCode::kPermissionDenied, "SCOPE_DENIED",
               absl::StrCat("command ", command.name, ": not with this token, want ", wanted))
      .With("command", command.name);
}

absl::Status NoTime(const Command& command) {
  return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
               absl::StrCat("command ", command.name, ": not begun, since its time was over"))
      .With("command", command.name);
}

absl::Status TooLarge(const Command& command, std::string_view what) {
  return Error(absl::StatusCode::kResourceExhausted, "BODY_TOO_LARGE",
               absl::StrCat("body: ", ToAbsl(what), ", want at most ", command.max_request_bytes, " bytes"))
      .With("command", command.name)
      .With("max_bytes", command.max_request_bytes);
}

absl::Status CheckSize(const Command& command, size_t bytes) {
  if (bytes <= command.max_request_bytes) return absl::OkStatus();
  return TooLarge(command, absl::StrCat(bytes, " bytes"));
}

absl::Status Overloaded(std::string_view what) {
  return Error(absl::StatusCode::kResourceExhausted, "OVERLOADED",
               absl::StrCat("gateway: too many calls of ", ToAbsl(what), " are running, want a retry"))
      .RetryAfter(absl::Seconds(1));
}

// Never more than the command takes, however much is in it.
absl::StatusOr<std::string> Unpack(const Command& command, const std::string& packed) {
  absl::StatusOr<std::string> plain = http::GzipDecompress(packed, command.max_request_bytes);
  if (plain.ok()) return plain;
  if (absl::IsResourceExhausted(plain.status())) return TooLarge(command, "longer when decompressed");
  return Error(absl::StatusCode::kInvalidArgument, "BODY_INVALID", absl::StrCat("body: ", plain.status().message()));
}

absl::StatusOr<std::string> ToRequest(const Command& command, BodyForm form, std::string payload) {
  if (form == BodyForm::kProtobuf) {
    if (const absl::Status status = CheckWireFormat(payload); !status.ok()) {
      return Error(absl::StatusCode::kInvalidArgument, "BODY_INVALID",
                   absl::StrCat("body: no message in Protobuf's wire format: ", status.message()));
    }
    return payload;
  }
  if (payload.empty()) return payload;  // As {}.
  const TranscodingOptions options{.max_bytes = command.max_request_bytes, .ignore_unknown_fields = true};
  return JsonToProtobuf(*command.schema, *command.request, payload, options);
}

}  // namespace

// A call on its way.
struct CommandExecutor::Run {
  CommandCall call;
  CallDone done;
  absl::Duration began;
  TraceContext trace;
  std::shared_ptr<const CommandTable> table;  // Keeps the command.
  const Command* command = nullptr;
  std::shared_ptr<ProductLane> lane;
  bool entered = false;
  size_t request_bytes = 0;
};

CommandExecutor::CommandExecutor(ExecutorOptions options, Parts parts)
    : options_(options),
      parts_(parts),
      overloaded_(parts.metrics.GetCounter(kOverloaded, {"process"})),
      overloaded_product_(parts.metrics.GetCounter(kOverloaded, {"product"})),
      in_flight_gauge_(parts.metrics.GetGauge(kInFlight)),
      lanes_(parts.clock, parts.metrics),
      nobody_("none", 1, parts.clock, parts.metrics) {}

void CommandExecutor::RegisterNative(std::string name, NativeHandler handler) {
  native_[std::move(name)] = std::move(handler);
}

void CommandExecutor::Execute(CommandCall call, CallDone done) {
  auto run = std::make_unique<Run>();
  run->began = parts_.clock.Monotonic();
  run->trace = TraceContext::FromHeader(call.traceparent);
  run->request_bytes = call.payload.size();
  run->call = std::move(call);
  run->done = std::move(done);
  if (absl::Status status = Admit(*run); !status.ok()) return Finish(std::move(run), std::move(status));
  if (const auto native = native_.find(run->command->name); native != native_.end())
    return RunNative(std::move(run), native->second);
  if (run->call.form == BodyForm::kJson && run->request_bytes > options_.inline_bytes) return SendLater(std::move(run));
  Send(std::move(run));
}

// Cheap checks first; what others share is taken last.
absl::Status CommandExecutor::Admit(Run& run) {
  const CommandCall& call = run.call;
  if (call.product.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "PRODUCT_MISSING",
                 "product: neither a token nor a product, want one of them");
  }
  const std::shared_ptr<const Profile> profile = parts_.profiles.Find(call.product);
  if (profile == nullptr) return ProductNotConfigured(call.product);
  run.lane = lanes_.Get(call.product, profile->max_calls_per_second);
  TRIVIUM_RETURN_IF_ERROR(FindCommand(run));
  const Command& command = *run.command;
  TRIVIUM_RETURN_IF_ERROR(CheckScope(command, call.scope));
  TRIVIUM_RETURN_IF_ERROR(CheckEnabled(command));
  TRIVIUM_RETURN_IF_ERROR(CheckSize(command, run.request_bytes));
  const std::string_view connection = call.connection_id.empty() ? call.peer : call.connection_id;
  TRIVIUM_RETURN_IF_ERROR(parts_.limiter.Admit(command, {call.product, call.uid, connection}));
  TRIVIUM_RETURN_IF_ERROR(run.lane->TakeRate(profile->max_calls_per_second));
  return Enter(run);
}

absl::Status CommandExecutor::FindCommand(Run& run) {
  const CommandCall& call = run.call;
  run.table = parts_.table.Get();
  // A backend's name is no user's: releases go by users.
  const std::string_view uid = call.scope == AuthScope::kUser ? std::string_view(call.uid) : "";
  if (!call.method.empty()) {
    run.command = run.table->FindByMethod(call.product, call.method, call.scope, uid);
  } else if (!call.name.empty()) {
    run.command = run.table->Find(call.product, call.name, uid);
  } else {
    run.command = run.table->FindByNumber(call.product, call.number, uid);
  }
  if (run.command != nullptr) return absl::OkStatus();
  const std::string name = NameOf(call);
  return Error(absl::StatusCode::kUnimplemented, "COMMAND_UNKNOWN",
               absl::StrCat("command: ", name, ", want one of the product's"))
      .With("command", name);
}

absl::Status CommandExecutor::Enter(Run& run) {
  if (!run.lane->Enter(options_.max_in_flight_per_product)) {
    overloaded_product_.Add();
    return Overloaded("this product");
  }
  if (in_flight_.fetch_add(1) >= options_.max_in_flight) {
    in_flight_.fetch_sub(1);
    run.lane->Leave();
    overloaded_.Add();
    return Overloaded("all products");
  }
  in_flight_gauge_.Add(1);
  run.entered = true;
  return absl::OkStatus();
}

absl::Duration CommandExecutor::TimeLeft(const Run& run) const {
  return std::min(run.command->timeout, run.call.timeout) - (parts_.clock.Monotonic() - run.began);
}

void CommandExecutor::RunNative(RunPtr run, const NativeHandler& handler) {
  const absl::Duration left = TimeLeft(*run);
  if (left <= absl::ZeroDuration()) return Finish(std::move(run), NoTime(*run->command));
  CommandCall call = std::move(run->call);
  // What Finish reads.
  run->call.product = call.product;
  run->call.connection_id = call.connection_id;
  run->call.peer = call.peer;
  if (call.gzip) {
    absl::StatusOr<std::string> plain = Unpack(*run->command, call.payload);
    if (!plain.ok()) return Finish(std::move(run), plain.status());
    call.payload = *std::move(plain);
    call.gzip = false;
  }
  handler(std::move(call), left, [this, run = std::move(run)](absl::StatusOr<std::string> answer) mutable {
    Finish(std::move(run), std::move(answer));
  });
}

void CommandExecutor::SendLater(RunPtr run) {
  Run* const raw = run.release();
  if (parts_.pool.Submit([this, raw] { Send(RunPtr(raw)); })) return;
  overloaded_.Add();
  Finish(RunPtr(raw), Overloaded("all products"));
}

void CommandExecutor::Send(RunPtr run) {
  absl::StatusOr<ServiceCall> call = Prepare(*run);
  if (!call.ok()) return Finish(std::move(run), call.status());
  parts_.services.Call(*std::move(call), [this, run = std::move(run)](absl::StatusOr<std::string> answer) mutable {
    if (answer.ok() && run->call.answer_form == BodyForm::kJson)
      answer = ProtobufToJson(*run->command->schema, *run->command->response, *answer);
    Finish(std::move(run), std::move(answer));
  });
}

absl::StatusOr<ServiceCall> CommandExecutor::Prepare(Run& run) const {
  const Command& command = *run.command;
  CommandCall& call = run.call;
  const bool json = call.form == BodyForm::kJson || call.answer_form == BodyForm::kJson;
  if (json && command.schema == nullptr) {
    return Error(absl::StatusCode::kFailedPrecondition, "DESCRIPTORS_MISSING",
                 absl::StrCat("command ", command.name, ": its API's descriptors are not published, want Protobuf"))
        .With("command", command.name);
  }
  if (call.gzip) {
    TRIVIUM_ASSIGN_OR_RETURN(call.payload, Unpack(command, call.payload));
  }
  ServiceCall out;
  TRIVIUM_ASSIGN_OR_RETURN(out.request, ToRequest(command, call.form, std::move(call.payload)));
  TRIVIUM_RETURN_IF_ERROR(CheckSize(command, out.request.size()));
  if (call.scope == AuthScope::kUser) out.uid = call.uid;
  TRIVIUM_ASSIGN_OR_RETURN(out.route_key,
                           RouteKeyOf(command, {out.uid, call.room_id, call.connection_id}, out.request));
  out.timeout = TimeLeft(run);
  if (out.timeout <= absl::ZeroDuration()) return NoTime(command);
  out.product = call.product;
  out.traceparent = run.trace.Child().ToHeader();
  out.method = command.method;
  out.repeatable = command.idempotent;
  return out;
}

void CommandExecutor::Finish(RunPtr run, absl::StatusOr<std::string> answer) {
  if (run->entered) {
    run->lane->Leave();
    in_flight_.fetch_sub(1);
    in_flight_gauge_.Add(-1);
  }
  if (!answer.ok() && run->command != nullptr) answer = ToClientError(answer.status(), *run->command);
  const std::string_view command = run->command == nullptr ? "unknown" : std::string_view(run->command->name);
  const absl::Duration took = parts_.clock.Monotonic() - run->began;
  (run->lane == nullptr ? nobody_ : *run->lane).Count(command, answer.status().code(), took);
  parts_.access_log.Write(run->trace, {.what = "call",
                                       .via = run->call.connection_id.empty() ? "http" : "socket",
                                       .product = run->lane == nullptr ? std::string_view() : run->call.product,
                                       .command = command,
                                       .peer = run->call.peer,
                                       .status = answer.status(),
                                       .reason = answer.ok() ? "" : ReasonOf(answer.status()),
                                       .took = took,
                                       .bytes_in = run->request_bytes,
                                       .bytes_out = answer.ok() ? answer->size() : 0});
  CallDone done = std::move(run->done);
  run.reset();
  done(std::move(answer));
}

}  // namespace trivium::gateway
