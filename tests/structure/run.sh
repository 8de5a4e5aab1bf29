#!/usr/bin/env bash
# What must hold of the code's shape. Prints TAP lines ("ok - ...", "not ok - ..."), each failure with its reasons above it.
set -euo pipefail
cd "$(dirname "$(readlink --canonicalize "$0")")/../.."

source tests/tap.sh
errors=$(mktemp)
trap 'rm --force "$errors"' EXIT

query() {
  # shellcheck disable=SC2086  # Several options in one variable.
  bazel ${TRIVIUM_BAZEL_STARTUP:-} query --noshow_progress --order_output=full "$1" 2>"$errors" || cat "$errors"
}

services() { find services -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort; }

# A service knows the others through proto/ alone.
services_reach_into_each_other() {
  local name
  for name in $(services); do
    query "somepath(//services/$name/..., //services/... except //services/$name/...)"
  done
}

# Libraries are below services; examples and tools reach services by their API.
others_reach_into_services() {
  query "somepath(//libs/... + //tools/... + //examples/..., //services/... except attr(name, '(config|config_proto).*', //services/...))"
}

# domain/ is pure: the macros of libs/status, text, abseil, and the words of live's admission (its header alone). Nothing that could do I/O, no proto, no clock.
domain_is_impure() {
  local domain pure='//libs/status:status|//libs/id:value|//libs/text:.*|//services/live/admission:admission|@debian//:(absl|gtest|gtest_main)'
  while read -r domain; do
    query "filter('^(//|@debian)', kind('cc_library|genrule', deps(//$domain:*))) except //$domain:*" | grep --invert-match --line-regexp --extended-regexp "$pure" || true
    grep --line-number --recursive --extended-regexp --include='*.h' --include='*.cc' \
      'absl::Now\(|system_clock|steady_clock|std::time\(|gettimeofday|clock_gettime|#include "(libs/(clock|mysql|http|rpc|kafka|server)|.*\.pb\.h)' "$domain" || true
  done < <(find services -type d -name domain)
}

# One code path: products differ in configuration, never in code. The names come from the school day's profiles.
product_names_in_code() {
  local names
  names=$(find examples/school-day/profiles -name '*.yaml' -printf '%f\n' | sed 's/\.yaml$//' | paste --serial --delimiters='|')
  [ -n "$names" ] || { echo "examples/school-day/profiles has no profile"; return; }
  grep --line-number --recursive --ignore-case --extended-regexp "$names" libs services migrations --include='*.h' --include='*.cc' --include='*.proto' \
    --include='*.sql' --include='*.yaml' --include='BUILD' || true
}

vague_file_names() {
  find libs services tools tests console/src sdk examples bazel deploy -type f -not -path '*/node_modules/*' -printf '%p %f\n' 2>/dev/null |
    grep --extended-regexp ' ([^ ]*[_.-])?(utils?|helpers?|managers?|common)([_.-][^ ]*)?$' | cut --delimiter=' ' --fields=1 || true
}

# Each alert links a runbook that is there.
missing_runbooks() {
  local link
  grep --recursive --no-filename --only-matching --extended-regexp 'docs/runbooks/[a-z0-9_-]+\.md' dashboards 2>/dev/null | sort --unique |
    while read -r link; do [ -f "$link" ] || echo "$link is linked from dashboards/ but missing"; done
}

# A unit test in Python, silent when it passes.
python_test() {
  local output
  output=$(PYTHONPATH=tools:tools/local PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$1" 2>&1) || echo "$output"
}

# node_tests FOLDER: its own unit tests, silent when they pass.
node_tests() {
  local output
  output=$("$1/build.sh" --test 2>&1) || tail --lines=40 <<<"$output"
}

finds_nothing "services do not reach into each other" services_reach_into_each_other
finds_nothing "libs, tools and examples do not reach into services" others_reach_into_services
finds_nothing "domain/ depends on no proto, no I/O, no clock" domain_is_impure
finds_nothing "no product name in libs/, services/ and migrations/" product_names_in_code
finds_nothing "no file is called util, helper, manager or common" vague_file_names
finds_nothing "every proto element has a comment, and the API breaks no caller" tools/check.sh --protos
finds_nothing "every runbook that an alert links exists" missing_runbooks
finds_nothing "every relative link in a Markdown file leads somewhere" /usr/bin/python3 tests/structure/links.py
finds_nothing "the pages of docs/reference are up to date" docs/reference/generate.py --check
finds_nothing "console: unit tests and types" node_tests console
finds_nothing "sdk/web: unit tests and types" node_tests sdk/web
for file in tests/structure/*_test.py dashboards/generate_test.py; do finds_nothing "$file" python_test "$file"; done
tests/structure/trv_test.sh || failed=1
exit "$failed"
