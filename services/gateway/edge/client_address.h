// The client's own address behind proxies that are trusted.
#pragma once

#include <string>

#include "libs/http/address_set.h"
#include "libs/http/message.h"

namespace trivium::gateway {

// Without port. Where the connection comes from a trusted proxy, the last address of X-Forwarded-For that is none of
// them: what stands before it a client can have made up. Otherwise the connection's.
std::string ClientAddress(const http::Request& request, const http::AddressSet& trusted);

}  // namespace trivium::gateway
