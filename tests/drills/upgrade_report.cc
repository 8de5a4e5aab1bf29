#include "tests/drills/upgrade_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace trivium::drills {
namespace {

using nlohmann::json;

// So many take a gateway several tenths of a second at its 500 a second.
constexpr int kPacedClients = 200;

// All replacements of one service by one version.
struct Service {
  std::string name, version;
  int instances = 0;
  absl::Time begin = absl::InfiniteFuture(), end = absl::InfinitePast();
  absl::Duration replacing = absl::ZeroDuration();
};

std::vector<Service> ServicesOf(const Timeline& timeline) {
  std::vector<Service> services;
  for (const Step& step : timeline.steps) {
    auto it = std::find_if(services.begin(), services.end(),
                           [&](const Service& s) { return s.name == step.service && s.version == step.version; });
    if (it == services.end()) it = services.insert(services.end(), Service{step.service, step.version});
    ++it->instances;
    it->begin = std::min(it->begin, step.begin);
    it->end = std::max(it->end, step.end);
    it->replacing += step.end - step.begin;
  }
  return services;
}

absl::Time CalmEnd(const Timeline& timeline) { return timeline.steps.empty() ? timeline.end : timeline.steps[0].begin; }

// Calls to control alone are none: what is asked is whether the others go on.
std::string KindOf(const Service& service) { return service.name == "control" ? "" : service.name + "."; }

// "12 of 34 words", or "" for none.
void Say(std::vector<std::string>& broken, int64_t count, const std::string& words) {
  if (count > 0) broken.push_back(absl::StrCat(count, " ", words));
}

// Every client has had one of the gateways that went. Closed all at once, they would come back all at once.
void SayOfMoves(const UpgradeFindings& f, const Service& gateway, std::vector<std::string>& broken) {
  const Pace pace = PaceOf(f.messages.moves, gateway.begin, gateway.end);
  const std::string by = absl::StrCat(" while gateways were replaced by ", gateway.version);
  Say(broken, pace.broken, absl::StrCat("sockets broke without a word", by));
  if (pace.moved < f.clients) {
    broken.push_back(absl::StrCat(pace.moved, " sockets were moved", by, ", want ", f.clients, " at least"));
  }
  if (f.clients >= kPacedClients && pace.most_in_100_ms > f.clients / 2) {
    broken.push_back(absl::StrCat(pace.most_in_100_ms, " of ", f.clients, " sockets were closed within 100 ms", by,
                                  ": they are not paced"));
  }
}

json JsonOf(const CallWindow& window) {
  return {{"calls", window.calls},
          {"failed", window.failed},
          {"p50_ms", window.p50_ms},
          {"p99_ms", window.p99_ms},
          {"max_ms", window.max_ms}};
}

json JsonOf(const Pace& pace) {
  return {{"moved", pace.moved},
          {"broken", pace.broken},
          {"seconds", pace.seconds},
          {"most_in_100_ms", pace.most_in_100_ms},
          {"longest_away_ms", pace.longest_away_ms}};
}

}  // namespace

Pace PaceOf(const std::vector<Move>& moves, absl::Time from, absl::Time to) {
  Pace pace;
  absl::Time first = absl::InfiniteFuture(), last = absl::InfinitePast();
  for (size_t i = 0, tail = 0; i < moves.size(); ++i) {
    const Move& move = moves[i];
    if (move.at < from || move.at >= to) {
      tail = i + 1;
      continue;
    }
    ++(move.code == 0 ? pace.broken : pace.moved);
    first = std::min(first, move.at);
    last = std::max(last, move.at);
    while (move.at - moves[tail].at >= absl::Milliseconds(100)) ++tail;
    pace.most_in_100_ms = std::max(pace.most_in_100_ms, static_cast<int64_t>(i - tail + 1));
    pace.longest_away_ms = std::max(pace.longest_away_ms, absl::ToDoubleMilliseconds(move.away));
  }
  if (last > first) pace.seconds = absl::ToDoubleSeconds(last - first);
  return pace;
}

std::vector<std::string> Broken(const UpgradeFindings& f, const CallLog& log) {
  std::vector<std::string> broken;
  const CallWindow all = log.Within("", f.timeline.begin, absl::InfiniteFuture());
  Say(broken, all.failed, absl::StrCat("of ", all.calls, " calls failed"));
  Say(broken, f.payments_lost, absl::StrCat("of ", f.payments, " acknowledged payments are not there"));
  Say(broken, f.messages.lost, "times a client lacks a RELIABLE message");
  Say(broken, f.messages.shown_twice, "times a client was shown a RELIABLE message twice");
  Say(broken, f.messages.accepted - f.messages.acked,
      absl::StrCat("of ", f.messages.accepted,
                   " deliveries of RELIABLE messages are not acknowledged in push's ledger"));
  const int64_t expected = f.messages.reliable * f.clients;
  if (f.messages.accepted != expected) {
    broken.push_back(absl::StrCat("push's ledger counts ", f.messages.accepted,
                                  " recipients of RELIABLE messages, want ", expected));
  }
  Say(broken, f.messages.holes_untold, "gaps in ORDERED messages of which the client was not told");
  Say(broken, f.messages.out_of_order, "ORDERED messages came after a later one");
  Say(broken, f.seats_lost, absl::StrCat("of ", f.seats, " seats in the class are lost"));
  for (const Service& service : ServicesOf(f.timeline)) {
    if (service.name == "gateway") SayOfMoves(f, service, broken);
  }
  return broken;
}

std::string FormatUpgrade(const UpgradeFindings& f, const CallLog& log) {
  const absl::Time calm_end = CalmEnd(f.timeline);
  std::string text = absl::StrFormat("%-9s %-22s %9s %8s %8s %7s  %s\n", "service", "replaced by", "instances",
                                     "within", "calls", "failed", "p99 before, meanwhile");
  for (const Service& service : ServicesOf(f.timeline)) {
    const CallWindow all = log.Within("", service.begin, service.end);
    const CallWindow before = log.Within(KindOf(service), f.timeline.begin, calm_end),
                     meanwhile = log.Within(KindOf(service), service.begin, service.end);
    std::string note;
    if (service.name == "gateway") {
      const Pace pace = PaceOf(f.messages.moves, service.begin, service.end);
      note = absl::StrFormat("  %d sockets moved, at most %d in 100 ms, back after at most %.0f ms", pace.moved,
                             pace.most_in_100_ms, pace.longest_away_ms);
      if (pace.broken > 0) absl::StrAppend(&note, "; ", pace.broken, " broke");
    }
    absl::StrAppendFormat(&text, "%-9s %-22s %9d %6.1f s %8d %7d  %8.1f ms, %8.1f ms%s\n", service.name,
                          service.version, service.instances, absl::ToDoubleSeconds(service.replacing), all.calls,
                          all.failed, before.p99_ms, meanwhile.p99_ms, note);
  }
  absl::StrAppendFormat(&text,
                        "payments  %d acknowledged, %d lost\n"
                        "messages  %d RELIABLE to %d clients: %d lost, %d twice; ledger: %d accepted, %d acknowledged\n"
                        "          %d ORDERED: %d seen, %d gaps told, %d untold, %d out of order\n"
                        "seats     %d, %d lost\n",
                        f.payments, f.payments_lost, f.messages.reliable, f.clients, f.messages.lost,
                        f.messages.shown_twice, f.messages.accepted, f.messages.acked, f.messages.ordered,
                        f.messages.ordered_seen, f.messages.holes_told, f.messages.holes_untold,
                        f.messages.out_of_order, f.seats, f.seats_lost);
  for (const FailedCall& failed : log.Failures()) {
    absl::StrAppend(&text, "failed    ", absl::FormatTime("%H:%M:%E3S", failed.begin, absl::UTCTimeZone()), " ",
                    failed.kind, " ", failed.error, "\n");
  }
  return text;
}

json UpgradeJson(const UpgradeFindings& f, const CallLog& log) {
  const absl::Time calm_end = CalmEnd(f.timeline);
  json services = json::array(), kinds = json::object(), failures = json::array();
  for (const Service& service : ServicesOf(f.timeline)) {
    services.push_back({{"service", service.name},
                        {"version", service.version},
                        {"instances", service.instances},
                        {"seconds", absl::ToDoubleSeconds(service.replacing)},
                        {"all", JsonOf(log.Within("", service.begin, service.end))},
                        {"own_before", JsonOf(log.Within(KindOf(service), f.timeline.begin, calm_end))},
                        {"own", JsonOf(log.Within(KindOf(service), service.begin, service.end))},
                        {"sockets", JsonOf(PaceOf(f.messages.moves, service.begin, service.end))}});
  }
  for (const auto& [kind, window] : log.ByKind()) kinds[kind] = JsonOf(window);
  for (const FailedCall& failed : log.Failures()) {
    failures.push_back({{"time", absl::FormatTime(absl::RFC3339_full, failed.begin, absl::UTCTimeZone())},
                        {"kind", failed.kind},
                        {"error", failed.error}});
  }
  const std::vector<std::string> broken = Broken(f, log);
  return {{"schema", "trivium.drill.upgrade/1"},
          {"run_id", f.run_id},
          {"time", absl::FormatTime(absl::RFC3339_sec, f.timeline.begin, absl::UTCTimeZone())},
          {"version", f.version},
          {"services", services},
          {"calls", kinds},
          {"failures", failures},
          {"payments", {{"acknowledged", f.payments}, {"lost", f.payments_lost}}},
          {"reliable",
           {{"published", f.messages.reliable},
            {"clients", f.clients},
            {"lost", f.messages.lost},
            {"shown_twice", f.messages.shown_twice},
            {"accepted", f.messages.accepted},
            {"acked", f.messages.acked}}},
          {"ordered",
           {{"published", f.messages.ordered},
            {"seen", f.messages.ordered_seen},
            {"holes_told", f.messages.holes_told},
            {"holes_untold", f.messages.holes_untold},
            {"out_of_order", f.messages.out_of_order}}},
          {"sockets", JsonOf(PaceOf(f.messages.moves, absl::InfinitePast(), absl::InfiniteFuture()))},
          {"seats", {{"held", f.seats}, {"lost", f.seats_lost}}},
          {"held", broken.empty()},
          {"broken", broken}};
}

}  // namespace trivium::drills
