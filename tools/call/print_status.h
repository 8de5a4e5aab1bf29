// An error, readable: code and reason, the fields, what to do, the trace id.
#pragma once

#include <string>
#include <string_view>

namespace grpc {
class Status;
}

namespace trivium::call {

// Several lines without the last line break. trace_id: of the call, when the answer carries none.
std::string DescribeError(const grpc::Status& status, std::string_view trace_id);

}  // namespace trivium::call
