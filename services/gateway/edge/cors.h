// Which pages may call (https://fetch.spec.whatwg.org/#http-cors-protocol). Tokens travel in a header, never in
// cookies, so no answer allows credentials.
#pragma once

#include <string_view>

#include "libs/http/message.h"
#include "services/gateway/profiles/profiles.h"

namespace trivium::gateway {

// The answer to a preflight: it carries no token, so any product's origin is let through here; the call itself is then
// checked by its own product.
http::Response AnswerPreflight(const http::Request& request, const Profiles& profiles);

// Lets a page of this origin read the answer. "": nothing to do.
void AllowOrigin(std::string_view origin, http::Response* response);

// PERMISSION_DENIED ORIGIN_DENIED.
absl::Status OriginDenied(std::string_view origin);

}  // namespace trivium::gateway
