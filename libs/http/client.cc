#include "libs/http/client.h"

#include <curl/curl.h>

#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/trace.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

// curl's global state, made once, before the first handle, and never freed.
void InitCurlOnce() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)code;
}

// One call's state, which curl's callbacks fill.
struct Transfer {
  const ClientRequest& request;
  Response response;
  int sends = 0;  // How often curl had a connection and began to send.
  bool too_large = false;
};

bool MayRepeat(std::string_view method) { return method != "POST" && method != "PATCH"; }

size_t OnBody(char* data, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.too_large = transfer.response.body.size() + size > transfer.request.max_body_bytes;
  if (transfer.too_large) return 0;
  transfer.response.body.append(data, size);
  return size;
}

size_t OnHeader(char* data, size_t, size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(data, size);
  const size_t colon = line.find(':');
  // A status line: what came before was a "100 Continue".
  if (absl::StartsWith(ToAbsl(line), "HTTP/")) {
    transfer.response.headers.clear();
    transfer.response.content_type.clear();
  } else if (colon != std::string_view::npos) {
    std::string name = absl::AsciiStrToLower(ToAbsl(line.substr(0, colon)));
    std::string value(absl::StripAsciiWhitespace(ToAbsl(line.substr(colon + 1))));
    if (name == "content-type") transfer.response.content_type = value;
    transfer.response.headers.emplace_back(std::move(name), std::move(value));
  }
  return size;
}

// curl repeats a request by itself when a kept connection ends without an answer; the first one may have been acted on.
int OnConnected(void* context, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (++transfer.sends > 1 && !MayRepeat(transfer.request.method)) return CURL_PREREQFUNC_ABORT;
  return CURL_PREREQFUNC_OK;
}

bool IsToken(std::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
      return false;
  }
  return !text.empty();
}

absl::Status Validate(const ClientRequest& request) {
  if (!IsToken(request.method)) return absl::InvalidArgumentError("method: want a token");
  const absl::string_view url = request.url;
  if (!absl::StartsWith(url, "http://") && !absl::StartsWith(url, "https://")) {
    return absl::InvalidArgumentError(absl::StrCat("url: \"", url, "\", want http:// or https://"));
  }
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("header ", name, ": want a token, and a value without line breaks"));
    }
  }
  return absl::OkStatus();
}

absl::Status ToStatus(CURLcode code, const Transfer& transfer, std::string_view what) {
  const std::string message =
      absl::StrCat(transfer.request.method, " ", transfer.request.url.substr(0, transfer.request.url.find('?')), ": ",
                   what.empty() ? curl_easy_strerror(code) : ToAbsl(what));
  if (transfer.sends == 0 && code == CURLE_URL_MALFORMAT) return absl::InvalidArgumentError(message);
  if (transfer.sends == 0) return absl::UnavailableError(message);
  if (code == CURLE_OPERATION_TIMEDOUT) return absl::DeadlineExceededError(message);
  if (transfer.too_large)
    return absl::UnknownError(absl::StrCat(message, " (answer above ", transfer.request.max_body_bytes, " bytes)"));
  return absl::UnknownError(message);
}

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

HeaderList MakeHeaders(const ClientRequest& request) {
  HeaderList list(nullptr, &curl_slist_free_all);
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return;
    (void)list.release();
    list.reset(longer);
  };
  bool traced = false, typed = false;
  for (const auto& [name, value] : request.headers) {
    traced = traced || absl::EqualsIgnoreCase(name, ToAbsl(kTraceparent));
    typed = typed || absl::EqualsIgnoreCase(name, "content-type");
    // "Name;" is curl's way to send an empty value.
    add(value.empty() ? absl::StrCat(name, ";") : absl::StrCat(name, ": ", value));
  }
  if (const TraceContext* trace = ScopedTrace::Current(); trace != nullptr && !traced) {
    add(absl::StrCat(ToAbsl(kTraceparent), ": ", trace->Child().ToHeader()));
  }
  // curl would wait for "100 Continue", and would call any body a form.
  add("Expect:");
  if (!typed) add("Content-Type:");
  return list;
}

void SetOptions(CURL* curl, Transfer* transfer, curl_slist* headers, absl::Duration timeout, char* error) {
  const ClientRequest& request = transfer->request;
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, std::max<long>(1, absl::ToInt64Milliseconds(timeout)));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, &OnConnected);
  curl_easy_setopt(curl, CURLOPT_PREREQDATA, transfer);
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty() || (request.method != "GET" && request.method != "DELETE")) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method != "HEAD") curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

}  // namespace

struct Client::Impl {
  Mutex mu;
  CondVar freed;
  std::vector<CURL*> idle ABSL_GUARDED_BY(mu);  // Each keeps its connections; the last used is taken first.
  int left ABSL_GUARDED_BY(mu) = 0;             // Handles that may still be made.

  // nullptr when none gets free in time.
  CURL* Take(absl::Time deadline) {
    MutexLock lock(mu);
    while (idle.empty() && left == 0) {
      const absl::Duration wait = deadline - absl::Now();
      if (wait <= absl::ZeroDuration()) return nullptr;
      freed.WaitFor(mu, wait);
    }
    if (idle.empty()) {
      --left;
      return curl_easy_init();
    }
    CURL* handle = idle.back();
    idle.pop_back();
    return handle;
  }
  void Give(CURL* handle) {
    curl_easy_reset(handle);  // Keeps the connections.
    MutexLock lock(mu);
    idle.push_back(handle);
    freed.NotifyOne();
  }
};

Client::Client(int max_connections) : impl_(std::make_unique<Impl>()) {
  InitCurlOnce();
  MutexLock lock(impl_->mu);
  impl_->left = std::max(1, max_connections);
}

Client::~Client() {
  MutexLock lock(impl_->mu);
  for (CURL* handle : impl_->idle) curl_easy_cleanup(handle);
}

absl::StatusOr<Response> Client::Send(const ClientRequest& request) {
  if (absl::Status valid = Validate(request); !valid.ok()) return valid;
  const absl::Time deadline = absl::Now() + request.timeout;
  CURL* handle = impl_->Take(deadline);
  if (handle == nullptr) return absl::UnavailableError("all connections are in use");

  Transfer transfer{.request = request, .response = {}};
  char error[CURL_ERROR_SIZE] = "";
  const HeaderList headers = MakeHeaders(request);
  SetOptions(handle, &transfer, headers.get(), deadline - absl::Now(), error);
  const CURLcode code = curl_easy_perform(handle);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  impl_->Give(handle);
  if (code != CURLE_OK) return ToStatus(code, transfer, error);
  transfer.response.status = static_cast<int>(status);
  return std::move(transfer.response);
}

}  // namespace trivium::http
