# shellcheck shell=bash
# trv down and trv reset: what ends.

cmd_down() {
  [ $# -eq 0 ] || unknown_word option "$1" ''
  [ -d "$home" ] || { echo "nothing runs here"; return; }
  take_lock down
  ! in_containers || stop_containers
  stop_everything
  say "nothing of this clone runs; data stays in $home"
}

stop_everything() {
  local names
  instances=2 # Whatever ran last.
  mapfile -t names < <(platform_names | tac)
  ! supervisor_pid >/dev/null || stop_services "${names[@]}" kafka redis prometheus mariadb
  stop_supervisor
  nothing_runs || die "these processes do not end: $(platform_pids | tr '\n' ' '); look at them with: cat /proc/PID/cmdline"
}

cmd_reset() {
  case ${1:-} in
    '') confirm_reset ;;
    --yes) ;;
    *) unknown_word option "$1" '--yes' ;;
  esac
  [ -d "$home" ] || { echo "nothing to delete"; return; }
  take_lock reset
  [ ! -f "$containers/env" ] || stop_containers --volumes
  stop_everything
  [ "$port_base" -eq 0 ] || rm --force "$cache/trivium-ports/$port_base"
  rm --recursive --force "$home"
  [ "$short_home" = "$home" ] || rm --force "$short_home"
  say "deleted $home; ./trv up starts from nothing"
}

confirm_reset() {
  local answer=''
  [ -t 0 ] || die "reset deletes all data in $home; without a terminal say: ./trv reset --yes"
  read -r -p "Stop the platform and delete all its data in $home? [y/N] " answer
  [[ $answer == [yY]* ]] || die "nothing was deleted"
}
