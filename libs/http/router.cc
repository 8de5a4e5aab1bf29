#include "libs/http/router.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/text/view.h"

namespace trivium::http {

RouteMetrics::RouteMetrics(Metrics& metrics, std::string server, std::string pattern)
    : metrics_(metrics),
      server_(std::move(server)),
      pattern_(std::move(pattern)),
      seconds_(metrics.GetHistogram(kRequestSeconds, {server_, pattern_})) {}

void RouteMetrics::Count(int status) {
  std::atomic<Counter*>& slot = by_status_[std::clamp(status, 0, 599)];
  Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics_.GetCounter(kRequests, {server_, pattern_, absl::StrCat(status)});
    slot.store(counter, std::memory_order_release);
  }
  counter->Add();
}

bool Route::Allows(std::string_view method) const {
  if (method == "HEAD" && std::find(methods.begin(), methods.end(), "GET") != methods.end()) return true;
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

std::string Route::AllowHeader() const {
  std::vector<std::string> allowed = methods;
  if (Allows("HEAD") && std::find(methods.begin(), methods.end(), "HEAD") == methods.end()) allowed.push_back("HEAD");
  return absl::StrJoin(allowed, ", ");
}

void Router::Add(std::string_view methods, std::string_view pattern, Route route) {
  route.methods = absl::StrSplit(ToAbsl(methods), ' ', absl::SkipEmpty());
  routes_.insert_or_assign(std::string(pattern), std::move(route));
}

const Route* Router::Find(std::string_view path) const {
  if (const auto exact = routes_.find(path); exact != routes_.end()) return &exact->second;
  // "/a/b/c" is tried as "/a/b/", "/a/", "/".
  for (size_t slash = path.rfind('/'); slash != path.npos; slash = path.rfind('/')) {
    if (const auto under = routes_.find(path.substr(0, slash + 1)); under != routes_.end()) return &under->second;
    path = path.substr(0, slash);
  }
  return nullptr;
}

}  // namespace trivium::http
