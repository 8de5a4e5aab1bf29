# shellcheck shell=bash
# What a person sees: steps with their time, one clear line for what went wrong, suggestions.

readonly started_at=$SECONDS
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
readonly bold dim plain

# One line, and the end. Every message says what is wrong and then what to do.
die() {
  printf 'trv: %s\n' "$*" >&2
  exit 1
}

# What nobody foresaw ends with its place, not silently.
unforeseen() {
  local status=$? command=$BASH_COMMAND
  printf 'trv: unexpected failure (exit status %s) at %s line %s: %s\n     This is a defect of trv: please report it with the output of ./trv doctor\n' \
    "$status" "${BASH_SOURCE[1]##*/}" "${BASH_LINENO[0]}" "$command" >&2
  exit "$status"
}

# say TEXT...: a line of progress with the time since the start.
say() { printf '%s%4d s%s  %s\n' "$dim" $((SECONDS - started_at)) "$plain" "$*"; }

# unknown_word KIND WORD CANDIDATES: ends with a suggestion.
unknown_word() {
  local nearest
  nearest=$(nearest_word "$2" "$3")
  [ -z "$nearest" ] || nearest="; did you mean '$nearest'?"
  die "unknown $1 '$2'$nearest ('trv help' lists everything)"
}

# nearest_word WORD CANDIDATES: the candidate with the least edit distance, or nothing when none is near.
nearest_word() {
  awk -v word="$1" -v candidates="$2" '
    function least(a, b, c) { return a < b ? (a < c ? a : c) : (b < c ? b : c) }
    function distance(s, t,   i, j, d, n, m) {
      n = length(s); m = length(t)
      for (i = 0; i <= n; i++) d[i, 0] = i
      for (j = 0; j <= m; j++) d[0, j] = j
      for (i = 1; i <= n; i++) for (j = 1; j <= m; j++)
        d[i, j] = least(d[i-1, j] + 1, d[i, j-1] + 1, d[i-1, j-1] + (substr(s, i, 1) != substr(t, j, 1)))
      return d[n, m]
    }
    BEGIN {
      count = split(candidates, names, " "); best = int(length(word) / 2) + 1
      for (k = 1; k <= count; k++) { now = distance(word, names[k]); if (now < best) { best = now; answer = names[k] } }
      print answer
    }'
}

# Runs a command with its output in a log file; when it fails, one line that says so and where the log is.
logged() {  # logged WHAT LOG COMMAND...
  local what=$1 log=$2
  shift 2
  "$@" >"$log" 2>&1 </dev/null || die "$what failed: $(grep --max-count=1 --ignore-case --extended-regexp 'error|denied|cannot|failed' "$log" || tail --lines=1 "$log")
     The whole output: $log"
}
