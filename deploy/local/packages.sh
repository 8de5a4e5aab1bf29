# shellcheck shell=bash
# Debian packages. Nothing is started by their installation, and nothing is enabled that was not: what the platform needs runs privately.

# package_list SET...: names of deploy/packages/SET.txt.
package_list() {
  local set
  for set in "$@"; do sed 's/#.*//' "$TRIVIUM_ROOT/deploy/packages/$set.txt"; done | tr --squeeze-repeats ' \n' '\n' | sed '/^$/d'
}

# An entry "package/command" is there, too, when the command is, wherever it came from.
missing_packages() {
  local entry
  local -A installed=()
  # shellcheck disable=SC2016  # dpkg-query expands.
  while read -r entry; do installed[$entry]=yes; done < <(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' | sed --quiet 's/^installed //p')
  for entry in $(package_list "$@"); do
    if [ "${installed[${entry%/*}]:-no}" = yes ]; then continue; fi
    if [[ $entry == */* ]] && command -v "${entry#*/}" >/dev/null; then continue; fi
    echo "${entry%/*}"
  done
}

# ensure_packages SET...: installs what is missing; no call of apt at all when nothing is.
ensure_packages() {
  local missing
  command -v dpkg-query >/dev/null || die "this is no Debian: trv installs with apt; deploy/packages lists what is needed"
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} Debian packages and what they need (no daemon is started): ${missing[*]}"
  install_packages "${missing[@]}"
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] || die "these packages are still missing: ${missing[*]}; see $home/log/apt.log"
}

install_packages() {
  local -a as_root=()
  if [ "$(id --user)" -ne 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo; as root run: apt-get install --no-install-recommends $*"
    as_root=(sudo)
    sudo --validate || die "sudo refused; as root run: apt-get install --no-install-recommends $*"
  fi
  local log=$home/log/apt.log installer
  say "  output: $log"
  "${as_root[@]}" bash "$TRIVIUM_ROOT/deploy/packages/install" "$@" >"$log" 2>&1 </dev/null 9>&- &
  installer=$!
  while kill -0 "$installer" 2>/dev/null; do
    sleep 1
    [ $((SECONDS % 20)) -ne 0 ] || say "  packages: $(package_progress "$log")"
  done
  wait "$installer" || die "apt could not install: $(grep --max-count=1 '^E:' "$log" || tail --lines=1 "$log")
     The whole output: $log. Is the network there? Try: ${as_root[*]} apt-get update"
  say "packages installed"
}

# "123 of 590", from apt's output.
package_progress() {
  local total
  total=$(sed --quiet 's/.* \([0-9]*\) newly installed.*/\1/p' "$1")
  echo "$(grep --count '^Unpacking ' "$1" || true) of ${total:-...} unpacked, $(grep --count '^Setting up ' "$1" || true) set up"
}

cmd_deps() {
  take_lock deps
  make_home
  ensure_packages run build test
  fetch_kafka_jars
  say "all packages and jars are there"
}
