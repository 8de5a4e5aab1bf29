// Two macros over absl::Status, so that the error path costs a line.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the function when `expression`, an absl::Status, is an error.
#define TRIVIUM_RETURN_IF_ERROR(expression)                                 \
  do {                                                                      \
    if (absl::Status trivium_status = (expression); !trivium_status.ok()) { \
      return trivium_status;                                                \
    }                                                                       \
  } while (false)

#define TRIVIUM_STATUS_CONCAT_INNER_(a, b) a##b
#define TRIVIUM_STATUS_CONCAT_(a, b) TRIVIUM_STATUS_CONCAT_INNER_(a, b)

// Declares or assigns `left` from `expression`, an absl::StatusOr, or returns its error.
#define TRIVIUM_ASSIGN_OR_RETURN(left, expression) \
  TRIVIUM_ASSIGN_OR_RETURN_(TRIVIUM_STATUS_CONCAT_(trivium_status_or_, __LINE__), left, expression)
#define TRIVIUM_ASSIGN_OR_RETURN_(temporary, left, expression) \
  auto temporary = (expression);                               \
  if (!temporary.ok()) return std::move(temporary).status();   \
  left = *std::move(temporary)
