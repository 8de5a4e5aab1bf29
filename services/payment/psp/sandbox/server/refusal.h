// Why a request is not done.
#pragma once

#include <string>

namespace trivium::payment::sandbox {

struct Refusal {
  int status = 0;  // HTTP; 0: not refused.
  std::string code;
  std::string message;

  explicit operator bool() const { return status != 0; }
};

}  // namespace trivium::payment::sandbox
