// The school day: product backends of several products against a running platform. See README.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "examples/school-day/class_day.h"
#include "examples/school-day/class_invariants.h"
#include "examples/school-day/class_limits.h"
#include "examples/school-day/flags.h"
#include "examples/school-day/invariants.h"
#include "examples/school-day/message_day.h"
#include "examples/school-day/message_invariants.h"
#include "examples/school-day/product_day.h"
#include "examples/school-day/report.h"
#include "examples/school-day/school.h"
#include "libs/command_line/command_line.h"
#include "libs/status/status.h"

namespace trivium::schoolday {
namespace {

// A product's day with what it needs.
struct Running {
  std::unique_ptr<Latencies> latencies = std::make_unique<Latencies>();
  std::unique_ptr<ProductClient> client;
  std::unique_ptr<ProductDay> day;
  std::unique_ptr<PushClient> push;
  std::unique_ptr<MessageDay> messages;
  std::unique_ptr<LiveClient> live;
  std::unique_ptr<ClassDay> classes;
};

// What is judged at the end.
struct Records {
  std::vector<DayRecord> payments;
  std::vector<MessageDayRecord> messages;
  std::vector<ClassDayRecord> classes;
};

std::vector<std::string> ProductsWithData(const std::string& data) {
  std::vector<std::string> products;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data, error)) {
    if (entry.is_directory()) products.push_back(entry.path().filename());
  }
  std::sort(products.begin(), products.end());
  return products;
}

absl::StatusOr<std::vector<School>> ReadSchools(const Flags& flags) {
  const std::vector<std::string> with_data = ProductsWithData(flags.data);
  if (with_data.empty())
    return absl::NotFoundError(absl::StrCat(flags.data, ": has no folder of a product; --data names another"));
  std::vector<School> schools;
  for (const std::string& product : flags.products.empty() ? with_data : flags.products) {
    const bool own = std::filesystem::is_directory(flags.data + "/" + product);
    const std::string source = own ? product : with_data.front();
    TRIVIUM_ASSIGN_OR_RETURN(School school, ReadSchool(absl::StrCat(flags.data, "/", source), source));
    if (!own) school = ForProduct(school, product);
    if (flags.students > 0) SetStudentCount(school, flags.students, flags.seed);
    schools.push_back(std::move(school));
  }
  return schools;
}

std::string NewRunId() {
  std::random_device random;
  return absl::StrFormat("d%s%04x", absl::FormatTime("%m%d%H%M%S", absl::Now(), absl::UTCTimeZone()),
                         random() & 0xffff);
}

absl::StatusOr<std::shared_ptr<const jwt::Signer>> ReadSigner(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read; --token_keys names the folder of keys"));
  std::stringstream pem;
  pem << file.rdbuf();
  auto signer = jwt::Signer::FromPem(pem.str(), "dev-1");
  if (!signer.ok()) return absl::Status(signer.status().code(), absl::StrCat(path, ": ", signer.status().message()));
  return std::make_shared<const jwt::Signer>(*std::move(signer));
}

template <typename Options>
Options BackendOf(const Flags& flags, const std::string& product, const std::string& service,
                  const std::string& target) {
  Options options;
  options.product = product;
  options.service = service;
  options.target = absl::StrReplaceAll(target, {{"%s", product}});
  options.pki = flags.pki;
  return options;
}

absl::Status OpenPayments(const Flags& flags, const School& school, const std::string& run_id, Sandbox& sandbox,
                          Progress& progress, Running& r) {
  auto options = BackendOf<ProductClient::Options>(flags, school.product, "payment", flags.target);
  options.currency = flags.currency;
  TRIVIUM_ASSIGN_OR_RETURN(r.client, ProductClient::Create(options, *r.latencies));
  const ProductDay::Options day{.concurrency = flags.concurrency, .currency = flags.currency};
  r.day = std::make_unique<ProductDay>(MakePlan(school, run_id, flags.seed), day, *r.client, sandbox, progress);
  const absl::Status open = r.day->Open();
  if (open.ok()) return open;
  return absl::Status(open.code(), absl::StrCat(school.product, ": payment does not answer: ", open.message()));
}

absl::StatusOr<Campus> CampusOf(const Flags& flags, const std::string& product, const std::string& run_id) {
  Campus campus{product, run_id, flags.gateway, nullptr};
  TRIVIUM_ASSIGN_OR_RETURN(campus.signer, ReadSigner(absl::StrCat(flags.token_keys, "/", product, "/token.key")));
  return campus;
}

absl::Status OpenMessages(const Flags& flags, const School& school, const std::string& run_id, Running& r) {
  const auto options = BackendOf<BackendOptions>(flags, school.product, "push", flags.push_target);
  TRIVIUM_ASSIGN_OR_RETURN(r.push, PushClient::Create(options, *r.latencies));
  TRIVIUM_ASSIGN_OR_RETURN(const Campus campus, CampusOf(flags, school.product, run_id));
  const MessageDay::Options day{.concurrency = flags.concurrency, .seed = flags.seed};
  r.messages = std::make_unique<MessageDay>(MakeMessagePlan(school, run_id, flags.seed), day, campus, *r.push);
  const absl::Status open = r.messages->Open();
  if (open.ok()) return open;
  return absl::Status(open.code(), absl::StrCat(school.product, ": push does not answer: ", open.message()));
}

absl::Status OpenClasses(const Flags& flags, const School& school, const std::string& run_id, Running& r) {
  const auto options = BackendOf<BackendOptions>(flags, school.product, "live", flags.live_target);
  TRIVIUM_ASSIGN_OR_RETURN(r.live, LiveClient::Create(options, *r.latencies));
  TRIVIUM_ASSIGN_OR_RETURN(const Campus campus, CampusOf(flags, school.product, run_id));
  ProductDay& day = *r.day;
  const ClassDay::Parts parts{*r.live,
                              *r.push,
                              *r.messages,
                              [&day](const std::string& ref) { return day.HasPaid(ref); },
                              [&day](const std::string& ref) { return day.IsPaying(ref); },
                              *r.latencies};
  ClassPlan plan = MakeClassPlan(school, MakePlan(school, run_id, flags.seed), flags.seed);
  r.classes = std::make_unique<ClassDay>(std::move(plan), ClassDay::Options{.seed = flags.seed}, campus, parts);
  const absl::Status open = r.classes->Open();
  if (open.ok()) return open;
  return absl::Status(open.code(), absl::StrCat(school.product, ": live does not answer: ", open.message()));
}

absl::StatusOr<std::vector<Running>> OpenAll(const Flags& flags, const std::vector<School>& schools,
                                             const std::string& run_id, Sandbox& sandbox, Progress& progress) {
  std::vector<Running> running;
  for (const School& school : schools) {
    Running r;
    TRIVIUM_RETURN_IF_ERROR(OpenPayments(flags, school, run_id, sandbox, progress, r));
    TRIVIUM_RETURN_IF_ERROR(OpenMessages(flags, school, run_id, r));
    TRIVIUM_RETURN_IF_ERROR(OpenClasses(flags, school, run_id, r));
    running.push_back(std::move(r));
  }
  return running;
}

// One part of the day, of all products at once.
template <typename Count, typename Part>
void RunPart(const std::string& name, std::vector<Running>& running, Progress& progress, const Count& count,
             const Part& part) {
  size_t total = 0;
  for (const Running& r : running) total += count(r);
  progress.Begin(name, static_cast<int>(total));
  std::vector<std::thread> threads;
  for (Running& r : running) threads.emplace_back([&part, &r] { part(r); });
  for (std::thread& thread : threads) thread.join();
  progress.End();
}

void ProbeAll(std::vector<Running>& running, const std::vector<School>& schools) {
  for (size_t i = 0; i < running.size() && running.size() > 1; ++i) {
    const size_t other = (i + 1) % running.size();
    const std::string id = running[other].day->SomePaymentId();
    if (!id.empty()) running[i].day->ProbeIsolation(id, schools[other].product);
  }
}

// Messages flow while students order and pay.
void StartMessages(std::vector<Running>& running) {
  for (size_t i = 0; i < running.size() && running.size() > 1; ++i) {
    const Running& next = running[(i + 1) % running.size()];
    running[i].messages->ProbeIsolation(*next.messages);
    running[i].classes->ProbeIsolation(*next.classes);
  }
  for (Running& r : running) r.messages->Start();
}

void RefundAt(RefundTime time, const std::string& name, std::vector<Running>& running, Progress& progress) {
  RunPart(
      name, running, progress, [&](const Running& r) { return r.day->refund_count(time); },
      [&](Running& r) { r.day->Refund(time); });
}

Records CloseAll(std::vector<Running>& running, Progress& progress) {
  const size_t n = running.size();
  Records records{std::vector<DayRecord>(n), std::vector<MessageDayRecord>(n), std::vector<ClassDayRecord>(n)};
  const auto orders = [](const Running& r) { return r.day->order_count(); };
  RunPart("settling and checking", running, progress, orders, [&](Running& r) {
    const size_t i = &r - running.data();
    std::thread payments([&] { records.payments[i] = r.day->Close(); });
    std::thread classes([&] { records.classes[i] = r.classes->Close(); });
    records.messages[i] = r.messages->Close();
    payments.join();
    classes.join();
    records.classes[i].orders = PaidOrders(records.payments[i]);
  });
  return records;
}

// Classes begin when messages are through and go on beside what is paid late and given back: who pays late comes when
// the first of them run.
Records RunParts(std::vector<Running>& running, const std::vector<School>& schools, Progress& progress) {
  StartMessages(running);
  RunPart(
      "ordering and paying", running, progress, [](const Running& r) { return r.day->order_count(); },
      [](Running& r) { r.day->OrderAndPay(); });
  ProbeAll(running, schools);
  RefundAt(RefundTime::kBeforeClasses, "refunds before class", running, progress);
  for (Running& r : running) r.classes->Start();
  RunPart(
      "late payments, second tries", running, progress, [](const Running& r) { return r.day->pay_again_count(); },
      [](Running& r) {
        r.classes->AwaitFirst();
        r.day->PayAgain();
      });
  RefundAt(RefundTime::kBesideClasses, "refunds of canceled classes", running, progress);
  RunPart(
      "classes", running, progress, [](const Running& r) { return r.classes->visit_count(); },
      [&](Running& r) { r.classes->Finish(progress); });
  RefundAt(RefundTime::kAfterClasses, "refunds after class", running, progress);
  return CloseAll(running, progress);
}

std::vector<DaySummary> SummarizeAll(const std::vector<Running>& running, const Records& records) {
  std::vector<DaySummary> summaries;
  for (size_t i = 0; i < running.size(); ++i) {
    DaySummary summary = Summarize(records.payments[i]);
    summary.messages = Summarize(records.messages[i]);
    summary.classes = Summarize(records.classes[i]);
    summary.latencies = running[i].latencies->Summary();
    summary.events = static_cast<int64_t>(running[i].day->event_count());
    summary.broken_streams = running[i].day->broken_streams();
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file ? absl::OkStatus() : absl::InternalError(absl::StrCat(path, ": cannot be written"));
}

void TellUnchecked(const Flags& flags, const std::vector<std::string>& products, const ClassLimits& limits) {
  if (!limits.platform_known) {
    std::fprintf(stderr,
                 "%s is not there: capacities of platform and nodes are not checked; --live_capacity names it\n",
                 flags.live_capacity.c_str());
  }
  for (const std::string& product : products) {
    if (limits.product.contains(product)) continue;
    std::fprintf(stderr,
                 "%s/%s/profile.yaml is not there: capacities of the product and its institutions are not checked\n",
                 flags.token_keys.c_str(), product.c_str());
  }
}

absl::StatusOr<int> Run(const Flags& flags) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<School> schools, ReadSchools(flags));
  if (flags.check_data) {
    for (const School& s : schools)
      std::printf("%s: %zu students, data is right\n", s.product.c_str(), s.students.size());
    return 0;
  }
  if (flags.target.starts_with("xds:") && std::getenv("GRPC_XDS_BOOTSTRAP") == nullptr) {
    return absl::FailedPreconditionError("GRPC_XDS_BOOTSTRAP is not set: it names the bootstrap file of xds: targets");
  }
  const absl::Time start = absl::Now();
  const RunFacts facts{NewRunId(), flags.seed, 0};
  Sandbox sandbox(flags.sandbox, absl::Seconds(90));
  TRIVIUM_RETURN_IF_ERROR(sandbox.SetFaults(flags.calm, flags.seed));
  std::vector<std::string> products;
  for (const School& s : schools) products.push_back(s.product);
  TRIVIUM_ASSIGN_OR_RETURN(const ClassLimits limits, ReadClassLimits(flags.token_keys, flags.live_capacity, products));
  TellUnchecked(flags, products, limits);
  Progress progress;
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Running> running, OpenAll(flags, schools, facts.run_id, sandbox, progress));
  const Records records = RunParts(running, schools, progress);
  sandbox.SetFaults(/*calm=*/true, flags.seed).IgnoreError();

  const std::vector<DaySummary> summaries = SummarizeAll(running, records);
  std::vector<std::string> broken = CheckAll(records.payments);
  for (const auto& more : {CheckAllMessages(records.messages), CheckAllClasses(records.classes, limits)}) {
    broken.insert(broken.end(), more.begin(), more.end());
  }
  std::printf("%s\n", FormatTables(summaries).c_str());
  for (const std::string& sentence : broken) std::printf("BROKEN  %s\n", sentence.c_str());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  double settle_seconds = 0;
  for (const DaySummary& summary : summaries) settle_seconds = std::max(settle_seconds, summary.settle_seconds);
  std::printf("%s (run %s, seed %s, %.0f s, settled in %.0f s)\n",
              broken.empty() ? "All invariants hold." : absl::StrCat(broken.size(), " invariants are broken.").c_str(),
              facts.run_id.c_str(), absl::StrCat(flags.seed).c_str(), seconds, settle_seconds);
  if (!flags.json.empty()) {
    TRIVIUM_RETURN_IF_ERROR(WriteFile(flags.json, FormatJson({facts.run_id, facts.seed, seconds}, summaries, broken)));
  }
  return broken.empty() ? 0 : 1;
}

}  // namespace
}  // namespace trivium::schoolday

int main(int argc, char** argv) {
  using namespace trivium::schoolday;
  const auto flags = ParseFlags({argv + 1, argv + argc});
  if (const std::optional<int> exit = trivium::command_line::ExitStatus(flags)) return *exit;
  // gRPC's own log would tell of each lost connection, in the middle of the progress bar; the caller may want it.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const auto result = Run(*flags);
  if (result.ok()) return *result;
  std::fprintf(stderr, "%s\n", std::string(result.status().message()).c_str());
  return 2;
}
