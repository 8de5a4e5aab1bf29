#include "examples/school-day/live_door.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "examples/school-day/live_client.h"
#include "examples/school-day/student_client.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::schoolday {
namespace {

using google::protobuf::Message;

std::string ToJson(const Message& message) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) json = "{}";
  return json;
}

absl::Status FromJson(const std::string& json, Message* message) {
  google::protobuf::util::JsonParseOptions lenient;
  lenient.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json.empty() ? "{}" : json, message, lenient);
  if (parsed.ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the answer is no ", message->GetDescriptor()->name()));
}

bool IsReason(const std::string& word) {
  return word.size() > 2 && std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

absl::Status WithReason(absl::StatusCode code, const std::string& message) {
  const size_t colon = message.find(": ");
  const std::string reason = message.substr(0, colon);
  if (colon == std::string::npos || !IsReason(reason)) return absl::Status(code, message);
  return Error(code, reason, message.substr(colon + 2));
}

absl::StatusCode CodeNamed(const std::string& connect_code) {
  for (int code = 1; code <= 16; ++code) {
    std::string name = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (connect_code == name || (code == 1 && connect_code == "canceled")) return static_cast<absl::StatusCode>(code);
  }
  return absl::StatusCode::kUnknown;
}

}  // namespace

const char* CommandName(LiveCommand command) {
  constexpr const char* kNames[] = {"live.join",
                                    "live.heartbeat",
                                    "live.leave",
                                    "live.participants.list",
                                    "live.participant.move",
                                    "live.participant.mute"};
  return kNames[static_cast<int>(command)];
}

absl::Status StatusOfProtocolError(const std::string& text) {
  const size_t colon = text.find(": ");
  int code = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(0, colon), &code)) return absl::UnknownError(text);
  const std::string message = text.substr(colon + 2);
  constexpr int kTemporaryInternal = 413;
  if (code >= 400 && code < 417 && code != kTemporaryInternal)
    return WithReason(static_cast<absl::StatusCode>(code - 400), message);
  switch (code) {
    case 100:
    case kTemporaryInternal:
      return WithReason(absl::StatusCode::kUnavailable, message);
    case 101:
      return WithReason(absl::StatusCode::kUnauthenticated, message);
    case 103:
      return WithReason(absl::StatusCode::kPermissionDenied, message);
    case 111:
      return WithReason(absl::StatusCode::kResourceExhausted, message);
    default:
      return absl::InternalError(text);
  }
}

absl::Status StatusOfConnectError(const std::string& body) {
  const auto error = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!error.is_object() || !error.contains("code")) return absl::UnknownError(body.substr(0, 200));
  const absl::StatusCode code = CodeNamed(error.value("code", ""));
  const std::string message = error.value("message", "");
  for (const auto& detail : error.value("details", nlohmann::json::array())) {
    if (!detail.is_object() || detail.value("type", "") != "google.rpc.ErrorInfo") continue;
    const auto debug = detail.find("debug");
    if (debug != detail.end() && debug->is_object()) return Error(code, debug->value("reason", ""), message);
  }
  return absl::Status(code, message);
}

CallThreads::CallThreads(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

CallThreads::~CallThreads() {
  {
    MutexLock lock(mu_);
    stop_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void CallThreads::Run(std::function<void()> call) {
  MutexLock lock(mu_);
  calls_.push_back(std::move(call));
  changed_.NotifyOne();
}

void CallThreads::Work() {
  while (true) {
    std::function<void()> call;
    {
      MutexLock lock(mu_);
      while (calls_.empty() && !stop_) changed_.Wait(mu_);
      if (stop_) return;
      call = std::move(calls_.front());
      calls_.pop_front();
    }
    call();
  }
}

int SocketDoor::connection() const { return client_.connects(); }

void SocketDoor::Call(LiveCommand command, const Message& request, Answer answer, Done done) {
  const bool json = client_.plan().json;
  client_.Call(CommandName(command), json ? ToJson(request) : request.SerializeAsString(),
               [json, answer = std::move(answer), done = std::move(done)](absl::StatusOr<std::string> data) {
                 if (!data.ok()) {
                   const bool of_server = data.status().code() == absl::StatusCode::kInternal;
                   return done(of_server ? StatusOfProtocolError(std::string(data.status().message()))
                                         : absl::CancelledError(data.status().message()));
                 }
                 if (json) return done(FromJson(*data, answer.get()));
                 done(answer->ParseFromString(*data) ? absl::OkStatus() : absl::DataLossError("the answer is none"));
               });
}

void HttpDoor::Call(LiveCommand command, const Message& request, Answer answer, Done done) {
  http::ClientRequest call{
      .method = "POST",
      .url = absl::StrCat("http://", campus_.gateway, "/command/", CommandName(command)),
      .headers = {{"content-type", "application/json"}, {"authorization", "Bearer " + SignToken(campus_, user_id_)}},
      .body = ToJson(request),
      .timeout = absl::Seconds(10)};
  threads_.Run([this, call = std::move(call), answer = std::move(answer), done = std::move(done)] {
    const auto response = http_.Send(call);
    if (!response.ok()) {
      // Sent or not: the same call again is the same call.
      return done(absl::UnavailableError(response.status().message()));
    }
    done(response->status == 200 ? FromJson(response->body, answer.get()) : StatusOfConnectError(response->body));
  });
}

void BackendDoor::Call(LiveCommand command, const Message& request, Answer answer, Done done) {
  const std::shared_ptr<Message> copy(request.New());
  copy->CopyFrom(request);
  threads_.Run([this, command, copy, answer = std::move(answer), done = std::move(done)] {
    done(client_.CallOnce(command, *copy, answer.get()));
  });
}

}  // namespace trivium::schoolday
