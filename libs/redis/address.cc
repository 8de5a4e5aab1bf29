#include "libs/redis/address.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::redis {

std::string Address::ToString() const {
  return host.find(':') == std::string::npos ? absl::StrCat(host, ":", port) : absl::StrCat("[", host, "]:", port);
}

absl::StatusOr<Address> ParseAddress(std::string_view text, std::string_view default_host) {
  const size_t colon = text.rfind(':');
  Address address;
  if (colon != std::string_view::npos && absl::SimpleAtoi(ToAbsl(text.substr(colon + 1)), &address.port)) {
    std::string_view host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    address.host = std::string(host.empty() ? default_host : host);
  }
  const bool printable = address.host.find_first_of(std::string_view(" \t\r\n[]\0", 7)) == std::string::npos;
  if (address.host.empty() || !printable || address.port < 1 || address.port > 65535) {
    const std::string description = absl::StrCat("\"", ToAbsl(text), "\", want host:port with a port of 1-65535");
    return FieldsError({{"redis.addresses", description}});
  }
  return address;
}

}  // namespace trivium::redis
