#!/usr/bin/env bash
# Formatters and linters, as a reviewer would ask for them. Formatters write; the end is `git diff --exit-code`, so what they changed shows.
#   tools/check.sh               all checks
#   tools/check.sh --accept-api  the protos of now become the baseline that the breaking-change check compares with
set -euo pipefail
cd "$(dirname "$(readlink --canonicalize "$0")")/.."

readonly baseline=proto/api.binpb
# A short list of checks that find bugs, not taste.
readonly tidy_checks='-*,bugprone-use-after-move,bugprone-dangling-handle,bugprone-infinite-loop,bugprone-string-constructor,'\
'bugprone-undelegated-constructor,bugprone-unused-raii,bugprone-unhandled-self-assignment,misc-unused-using-decls,modernize-use-override,'\
'performance-unnecessary-copy-initialization,performance-for-range-copy,performance-noexcept-move-constructor'
failures=0

run_bazel() {
  # shellcheck disable=SC2086  # Several options in one variable.
  bazel ${TRIVIUM_BAZEL_STARTUP:-} "$1" --disk_cache="${TRIVIUM_DISK_CACHE:-$HOME/.cache/trivium-bazel}" "${@:2}"
}

# check WHAT COMMAND...: runs it; a failure is counted and the next check runs.
check() {
  local what=$1
  shift
  if "$@"; then echo "ok: $what"; else
    echo "FAILED: $what"
    failures=$((failures + 1))
  fi
}

tracked() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do [ ! -f "$file" ] || echo "$file"; done; }

# Files that differ from the main branch, or from the commit before when this is it.
changed() {
  local base=HEAD~1
  if git rev-parse --quiet --verify origin/main >/dev/null && [ "$(git rev-parse origin/main)" != "$(git rev-parse HEAD)" ]; then base=$(git merge-base origin/main HEAD); fi
  git rev-parse --quiet --verify "$base" >/dev/null || base=$(git hash-object -t tree /dev/null)
  { git diff --name-only --diff-filter=d "$base" -- "$@"; git ls-files --others --exclude-standard -- "$@"; } | sort --unique
}

format_cpp() { tracked '*.h' '*.cc' | xargs --no-run-if-empty clang-format-14 -i; }

lint_shell() {
  local -a scripts
  # A part that only makes sense inside the script that sources it is checked there.
  mapfile -t scripts < <(tracked | while read -r file; do
    if head --lines=1 "$file" 2>/dev/null | grep --quiet --text '^#!.*\(bash\|/sh\)'; then echo "$file"; fi
  done)
  shellcheck --check-sourced "${scripts[@]}"
}

lint_python() {
  tracked '*.py' | xargs --no-run-if-empty /usr/bin/python3 -c '
import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path, encoding="utf-8").read(), path)'
}

lint_cpp() {
  local -a files generated
  mapfile -t files < <(changed '*.cc')
  [ ${#files[@]} -gt 0 ] || return 0
  # Headers that protoc makes must be there.
  mapfile -t generated < <(bazel_query "kind('genrule rule', //...)")
  run_bazel build --noshow_progress "${generated[@]}" >/dev/null 2>&1 || { echo "generated headers do not build; see: bazel build //..."; return 1; }
  local bin
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  # shellcheck disable=SC2016  # The inner bash expands.
  printf '%s\0' "${files[@]}" | xargs --null --max-procs=2 --max-args=4 bash -c 'bin=$1 checks=$2; shift 2
    clang-tidy-14 --quiet --checks="$checks" --warnings-as-errors="*" --header-filter="^(libs|services|tools|examples)/" "$@" -- \
      -std=c++20 -I. -Iproto "-I$bin" "-I$bin/proto" 2> >(grep --invert-match "warnings\? generated" >&2)' _ "$bin" "$tidy_checks"
}

bazel_query() { run_bazel query --noshow_progress --keep_going "$1" 2>/dev/null; }

# Descriptor sets of all trivium_proto targets below the given folders.
descriptor_sets() {
  local -a labels
  local folders=$1 bin label
  mapfile -t labels < <(bazel_query "filter('_descriptors\$', $folders)")
  run_bazel build --noshow_progress "${labels[@]}" >/dev/null 2>&1 || { echo "the protos do not build; see: bazel build ${labels[*]}" >&2; return 1; }
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  for label in "${labels[@]}"; do
    label=${label#//}
    echo "$bin/${label/://}" | sed 's/_descriptors$/.binpb/'
  done
}

comment_protos() {
  local -a sets
  mapfile -t sets < <(descriptor_sets '//proto/... + //libs/... + //services/...')
  /usr/bin/python3 tools/proto_comments.py "${sets[@]}"
}

break_protos() {
  local -a sets
  mapfile -t sets < <(descriptor_sets //proto/...)
  [ -f "$baseline" ] || { echo "$baseline is missing; make it with: tools/check.sh --accept-api"; return 1; }
  /usr/bin/python3 tools/proto_breaking.py "$baseline" "${sets[@]}"
}

accept_api() {
  local -a sets
  mapfile -t sets < <(descriptor_sets //proto/...)
  /usr/bin/python3 tools/proto_breaking.py --accept "$baseline" "${sets[@]}"
  echo "$baseline is the API of now"
}

case ${1:-} in
  '') ;;
  --accept-api) accept_api; exit ;;
  --protos) comment_protos && break_protos; exit ;;
  *) echo "usage: tools/check.sh [--accept-api | --protos]" >&2; exit 2 ;;
esac
check "clang-format" format_cpp
check "shellcheck" lint_shell
check "python" lint_python
check "every proto element has a comment" comment_protos
check "no breaking change of the API (or: tools/check.sh --accept-api)" break_protos
check "clang-tidy on changed files" lint_cpp
check "nothing left to format" git diff --exit-code
[ "$failures" -eq 0 ] || { echo "$failures checks failed"; exit 1; }
