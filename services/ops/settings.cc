#include "services/ops/settings.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/config/checks.h"
#include "libs/mysql/mysql_options.h"
#include "services/ops/config.pb.h"
#include "services/ops/password.h"
#include "services/ops/secret.h"

namespace trivium::ops {
namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._@-";

void CheckPerson(const std::string& path, const Config::Person& person, config::Checks* checks) {
  if (person.name().empty() || person.name().size() > 64 ||
      person.name().find_first_not_of(kNameCharacters) != std::string::npos) {
    checks->Wrong(path + ".name", absl::StrCat("\"", person.name(), "\", want 1-64 characters of a-z 0-9 . _ @ -"));
  }
  if (absl::Status s = CheckPasswordHash(person.password_hash()); !s.ok()) {
    checks->Wrong(path + ".password_hash", std::string(s.message()));
  }
  const std::optional<Role> role = ParseRole(person.role());
  if (!role) {
    checks->Wrong(path + ".role",
                  absl::StrCat("\"", person.role(), "\", want owner, platform_viewer or platform_admin"));
  } else if ((role == Role::kOwner) == person.products().empty()) {
    checks->Wrong(path + ".products", role == Role::kOwner ? "none, want at least one for an owner"
                                                           : "some, want none: platform roles see all");
  }
}

void CheckPeople(const Config& config, config::Checks* checks) {
  std::set<std::string> names;
  for (int i = 0; i < config.people_size(); ++i) {
    const std::string path = absl::StrCat("people[", i, "]");
    CheckPerson(path, config.people(i), checks);
    if (!names.insert(config.people(i).name()).second) checks->Wrong(path + ".name", "twice, want each once");
  }
}

}  // namespace

void SetDefaults(Config* config) {
  config->set_console_address("127.0.0.1:21022");
  config->mutable_scrape_interval()->set_seconds(2);
  mysql::SetDefaults("ops", 8, config->mutable_mysql());
  config->mutable_kafka();
  config->mutable_session_ttl()->set_seconds(12 * 3600);
  config->set_wrong_tries_by_name(5);
  config->set_wrong_tries_by_address(5);
  config->mutable_lock_window()->set_seconds(600);
  config->mutable_activity_retention()->set_seconds(7 * 24 * 3600);
}

absl::Status CheckConfig(const Config& config) {
  config::Checks checks;
  checks.NotEmpty("console_address", config.console_address(), "an IP address and port");
  checks.NotEmpty("boards_file", config.boards_file(), "the path of boards.yaml");
  if (!config.prometheus_url().starts_with("http://") && !config.prometheus_url().starts_with("https://")) {
    checks.Wrong("prometheus_url", absl::StrCat("\"", config.prometheus_url(), "\", want http://host:port"));
  }
  checks.Range("scrape_interval", config.scrape_interval(), absl::Seconds(1), absl::Minutes(5));
  mysql::CheckOptions(config.mysql(), &checks);
  checks.Range("session_ttl", config.session_ttl(), absl::Minutes(5), absl::Hours(24 * 7));
  checks.Range("wrong_tries_by_name", config.wrong_tries_by_name(), 1, 100);
  checks.Range("wrong_tries_by_address", config.wrong_tries_by_address(), 1, 10000);
  checks.Range("lock_window", config.lock_window(), absl::Minutes(1), absl::Hours(24));
  checks.Range("activity_retention", config.activity_retention(), absl::Hours(1), absl::Hours(24 * 90));
  CheckPeople(config, &checks);
  return checks.Result();
}

Settings ToSettings(const Config& config) {
  Settings s;
  s.instance_id = config.server().instance_id();
  s.cell = config.server().cell();
  s.state_dir = config.server().state_dir();
  s.control_address = config.server().control_address();
  s.control_ads_address = config.server().control_ads_address();
  s.console_address = config.console_address();
  s.console_dir = config.console_dir();
  s.boards_file = config.boards_file();
  s.prometheus_url = config.prometheus_url();
  s.scrape_interval = ToDuration(config.scrape_interval());
  s.activity_retention = ToDuration(config.activity_retention());
  s.secure_cookie = config.secure_cookie();
  s.sessions.ttl = ToDuration(config.session_ttl());
  s.sessions.by_name = {.max_tries = config.wrong_tries_by_name(), .window = ToDuration(config.lock_window())};
  s.sessions.by_address = {.max_tries = config.wrong_tries_by_address(), .window = ToDuration(config.lock_window())};
  s.mysql = mysql::ToPoolOptions(config.mysql());
  s.kafka_brokers = config.kafka().brokers();
  return s;
}

People::Map ToPeople(const Config& config) {
  People::Map people;
  for (const Config::Person& person : config.people()) {
    const Viewer viewer{
        "person:" + person.name(), *ParseRole(person.role()), {person.products().begin(), person.products().end()}};
    people[person.name()] = {person.name(), person.password_hash(), viewer, Sha256(person.password_hash())};
  }
  return people;
}

}  // namespace trivium::ops
