// What a request's head must satisfy before anybody acts on it. Beast 1.74 lets some of this pass, and two servers that
// read a head differently can be made to see two requests where there is one (request smuggling): what is ambiguous is
// refused.
#pragma once

#include <string_view>

#include "libs/http/message.h"

namespace trivium::http {

struct HeadProblem {
  int status = 0;            // 0: none. 400, 417 or 501.
  std::string_view message;  // For the client, static text.
};

// Fills request.path and request.query from request.target and checks the head. version: 10 or 11. request.headers:
// lower-case names.
HeadProblem CheckHead(int version, Request& request);

}  // namespace trivium::http
