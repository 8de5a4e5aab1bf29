// The merchant API: /v1, signed JSON. See ../README.md section 2.
#pragma once

#include "libs/http/server.h"
#include "services/payment/psp/sandbox/server/merchants.h"
#include "services/payment/psp/sandbox/server/sandbox.h"

namespace trivium::payment::sandbox {

// Not owned; they outlive the server.
void AddMerchantApi(http::Server& server, Sandbox& sandbox, Merchants& merchants);

}  // namespace trivium::payment::sandbox
