#!/usr/bin/env bash
# Follows docs/guides as a reader would: writes their files, runs their commands, compares what they print. Against the platform of TRIVIUM_HOME, which
# `trv test e2e` has brought up.
# usage: tests/e2e/guides/run.sh [--keep FOLDER] [GUIDE...]   (GUIDE: backend-go; without any, all. FOLDER, which must not exist yet, keeps what the guides made)
# Prints TAP lines; status 1 when one failed. Needs go, npm, a JDK with Maven, and protoc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
export TRIVIUM_HOME=${TRIVIUM_HOME:-$root/.trv}
export PYTHONDONTWRITEBYTECODE=1

# What the guides promise: Debian's Go, where another one is in front. Nothing that is in a cache is asked for again; a compiler that lives for seconds
# optimises nothing.
[ ! -d /usr/lib/go-1.19/bin ] || export PATH="/usr/lib/go-1.19/bin:$PATH"
export GOFLAGS='' npm_config_prefer_offline=true MAVEN_OPTS='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'

flags=()
if [ "${1:-}" = --keep ]; then
  work=$2 flags=(--keep)
  shift 2
else
  work=$(mktemp --directory /tmp/trivium-guides.XXXXXX)
  trap 'rm --recursive --force "$work"' EXIT
fi

# The operator's stops the platform: the last one, and alone.
others=() last=()
for guide in "$root"/docs/guides/*.md; do
  name=$(basename "$guide" .md)
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
  if [ "$name" = operate ]; then last+=("$guide"); else others+=("$guide"); fi
done

source "$root/tests/tap.sh"
result "guides: the reading of guides" "$work.words" python3 "$here/guide_test.py"
rm --force "$work.words"
[ ${#others[@]} -eq 0 ] || python3 "$here/follow.py" "${flags[@]}" "$work/others" "${others[@]}" || failed=1
[ ${#last[@]} -eq 0 ] || python3 "$here/follow.py" "${flags[@]}" "$work/last" "${last[@]}" || failed=1
exit "$failed"
