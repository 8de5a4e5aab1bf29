#include "libs/http/head_check.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "libs/http/url.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

bool HasControlCharacter(std::string_view text) {
  for (const char c : text) {
    if (c != '\t' && absl::ascii_iscntrl(static_cast<unsigned char>(c))) return true;
  }
  return false;
}

bool IsDigits(std::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty();
}

size_t Count(const Request& request, std::string_view name) {
  size_t n = 0;
  for (const auto& [key, value] : request.headers) n += key == name;
  return n;
}

// How long the body is must have one reading only.
HeadProblem CheckFraming(int version, const Request& request) {
  const size_t lengths = Count(request, "content-length"), encodings = Count(request, "transfer-encoding");
  if (lengths > 0 && encodings > 0) return {400, "both Transfer-Encoding and Content-Length"};
  if (lengths > 1 || (lengths == 1 && !IsDigits(request.Header("content-length")))) return {400, "bad Content-Length"};
  if (encodings == 0) return {};
  if (version < 11 || encodings > 1) return {400, "bad Transfer-Encoding"};
  if (!absl::EqualsIgnoreCase(ToAbsl(request.Header("transfer-encoding")), "chunked")) {
    return {501, "Transfer-Encoding: want chunked"};
  }
  return {};
}

HeadProblem CheckHost(int version, const Request& request) {
  const size_t hosts = Count(request, "host");
  if (hosts > 1 || (hosts == 0 && version >= 11)) return {400, "want one Host header"};
  return {};
}

}  // namespace

HeadProblem CheckHead(int version, Request& request) {
  if (version != 10 && version != 11) return {400, "want HTTP/1.1"};
  for (const auto& [name, value] : request.headers) {
    if (HasControlCharacter(value)) return {400, "control character in a header"};
  }
  if (const HeadProblem problem = CheckFraming(version, request); problem.status != 0) return problem;
  if (const HeadProblem problem = CheckHost(version, request); problem.status != 0) return problem;
  const std::string_view expect = request.Header("expect");
  if (!expect.empty() && !absl::EqualsIgnoreCase(ToAbsl(expect), "100-continue"))
    return {417, "Expect: want 100-continue"};
  std::optional<Target> target = ParseTarget(request.target);
  if (!target) return {400, "bad request target"};
  request.path = std::move(target->path);
  request.query = std::string(target->query);
  return {};
}

}  // namespace trivium::http
