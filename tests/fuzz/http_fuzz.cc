// Any bytes through libs/http's parsers: none may crash, hang or read outside; what decodes must come back when encoded
// again.
#include <google/protobuf/struct.pb.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "external/google/rpc/error_details.pb.h"
#include "libs/http/connect_codec.h"
#include "libs/http/gzip.h"
#include "libs/http/head_check.h"
#include "libs/http/message.h"
#include "libs/http/proxy_protocol.h"
#include "libs/http/url.h"

namespace trivium::http {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void FuzzUrl(std::string_view text) {
  if (const auto decoded = PercentDecode(text, true)) Require(PercentDecode(PercentEncode(*decoded), true) == decoded);
  if (const auto pairs = ParseQuery(text)) Require(pairs->size() <= 256);
  if (const auto target = ParseTarget(text)) Require(!target->path.empty() && target->path[0] == '/');
}

// Lines "name:value" as headers; the first line is the target.
void FuzzHead(std::string_view text) {
  Request request;
  for (size_t line = 0; !text.empty(); ++line) {
    const std::string_view one = text.substr(0, text.find('\n'));
    const size_t colon = std::min(one.find(':'), one.size());
    if (line == 0) {
      request.target = std::string(one);
    } else {
      request.headers.emplace_back(one.substr(0, colon), one.substr(std::min(colon + 1, one.size())));
    }
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  const bool accepted = CheckHead(11, request).status == 0;
  Require(!accepted || request.Header("transfer-encoding").empty() || request.Header("content-length").empty());
  request.Cookie("session");
  request.Parameter("a");
}

void FuzzProxyHeader(std::string_view bytes) {
  const auto header = ParseProxyHeader(bytes);
  if (header.ok() && header->has_value()) Require((*header)->size > 0 && (*header)->size <= bytes.size());
  // Whoever sends more and more is told in the end.
  if (header.ok() && !header->has_value()) Require(bytes.size() < kMaxProxyHeader);
}

void FuzzConnect(std::string_view text) {
  ParseConnectContentType(text);
  AcceptsGzip(text);
  if (const auto timeout = ParseConnectTimeout(text); timeout.ok()) Require(*timeout >= absl::ZeroDuration());
  for (const ConnectCodec codec : {ConnectCodec::kJson, ConnectCodec::kProto}) {
    google::rpc::BadRequest request;
    google::protobuf::Struct any;
    if (ParseConnectMessage(codec, text, &request).ok()) (void)FormatConnectMessage(ConnectCodec::kJson, request);
    if (ParseConnectMessage(codec, text, &any).ok()) (void)FormatConnectMessage(ConnectCodec::kJson, any);
  }
  FormatConnectError(absl::InternalError({text.data(), text.size()}));
}

void FuzzGzip(std::string_view text) {
  if (const auto plain = GzipDecompress(text, 1 << 16); plain.ok()) Require(plain->size() <= 1 << 16);
  Require(GzipDecompress(GzipCompress(text), text.size()).value_or("?") == text);
}

}  // namespace
}  // namespace trivium::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr void (*kTargets[])(std::string_view) = {trivium::http::FuzzUrl, trivium::http::FuzzHead,
                                                    trivium::http::FuzzConnect, trivium::http::FuzzGzip,
                                                    trivium::http::FuzzProxyHeader};
  kTargets[data[0] % 5](text);
  return 0;
}
