# shellcheck shell=bash
# trv backup and trv restore. A backup is a folder: MariaDB's files, hot and consistent over all schemas (mariabackup), keys and secrets, checksums of all.
# What Redis and Kafka hold is not in it: Redis is filled from the database as after its loss, and outboxes send again.

readonly backup_format=1
# Events of the last hour before the backup are sent again: Kafka is empty, and consumers know an event by its id.
readonly resent_events='1 HOUR'

cmd_backup() {
  [ $# -le 1 ] && [[ ${1:-} != -* ]] || die "backup: usage: ./trv backup [DIR]"
  need_up
  local folder
  folder=$(readlink --canonicalize-missing "${1:-trivium-backup-$(date --utc +%Y%m%dT%H%M%SZ)}")
  [ ! -e "$folder" ] || die "backup: $folder is there already; name another folder"
  ensure_packages backup
  take_lock backup
  check_backup_space "$(dirname "$folder")"
  # Under another name until it is whole.
  backup_partial=$folder.partial
  rm --recursive --force "$backup_partial"
  trap 'rm --recursive --force "$backup_partial"' EXIT
  (umask 077 && mkdir --parents "$backup_partial") || die "backup: cannot make $backup_partial"
  write_backup "$backup_partial"
  mv --no-target-directory "$backup_partial" "$folder"
  say "backup done: $folder ($(du --summarize --human-readable "$folder" | cut --fields=1)). It holds keys and passwords: keep it as you keep those, and on another disk"
}

# The database grows while it is copied, and its logs come on top.
check_backup_space() {
  local used free
  mkdir --parents "$1" || die "backup: cannot make $1"
  used=$(du --summarize --block-size=1M "$home/data/mariadb" | cut --fields=1)
  free=$(df --block-size=1M --output=avail "$1" | tail --lines=1)
  [ "$free" -ge $((used * 3 / 2 + 200)) ] || die "backup: only $((free)) MB are free in $1, want $((used * 3 / 2 + 200)); name a folder on another disk"
}

write_backup() {
  local folder=$1 begin end
  begin=$(date --utc +%FT%T.%6NZ)
  logged "copying the database" "$home/log/backup.log" mariabackup --no-defaults --backup --target-dir="$folder/mariadb" --datadir="$home/data/mariadb" \
    --socket="$short_home/run/mysql.sock" --user="$(id --user --name)"
  end=$(date --utc +%FT%T.%6NZ)
  # Made ready to start from now, not when it is needed; and so it is known to be whole.
  logged "preparing the copy" "$home/log/backup-prepare.log" mariabackup --no-defaults --prepare --target-dir="$folder/mariadb"
  logged "copying keys and secrets" "$home/log/backup-files.log" tar --create --file="$folder/files.tar" --directory="$home" \
    --exclude='*.new' --exclude='etc/secrets/sandbox-merchants.yaml' pki products etc/secrets data/sandbox.journal
  # binlog: from where a server that writes one would have to be read on, to a point in time.
  write_file "$folder/MANIFEST" <<MANIFEST
format=$backup_format
version=$(<"$TRIVIUM_ROOT/VERSION")
database=$(as_database_root --skip-column-names --batch --execute='SELECT VERSION()')
begin=$begin
end=$end
binlog=$([ ! -f "$folder/mariadb/xtrabackup_binlog_info" ] || tr '\t' ' ' <"$folder/mariadb/xtrabackup_binlog_info")
bytes=$(du --summarize --bytes "$folder" | cut --fields=1)
MANIFEST
  local sums
  sums=$(cd "$folder" && find . -type f -print0 | sort --zero-terminated | xargs --null sha256sum)
  write_file "$folder/SHA256SUMS" <<<"$sums"
}

# manifest FOLDER NAME: a value.
manifest() { sed --quiet "s/^$2=//p" "$1/MANIFEST"; }

cmd_restore() {
  [ $# -eq 1 ] && [[ $1 != -* ]] || die "restore: usage: ./trv restore DIR, into an empty folder: TRIVIUM_HOME=/elsewhere ./trv restore DIR"
  local folder
  folder=$(readlink --canonicalize-missing "$1")
  check_restore_place
  check_backup "$folder"
  restored=no
  trap 'undo_restore' EXIT
  make_home
  ensure_packages run
  check_restore_space "$folder"
  take_lock restore
  fill_home "$folder"
  restored=yes
  say "restored the platform of $(manifest "$folder" end | cut --delimiter=. --fields=1) into $home; ./trv up starts it"
}

# It would be mixed with another one's, or lost.
check_restore_place() {
  local there
  there=$(find "$home" -type f ! -path "$home/log/*" ! -path "$home/run/*" -print -quit 2>/dev/null || true)
  [ -z "$there" ] || die "restore: $home is not empty: it has ${there#"$home"/}. Restore beside it: TRIVIUM_HOME=/elsewhere ./trv restore DIR; or delete it first: ./trv reset"
}

check_backup() {
  local folder=$1 format ours bad
  [ -d "$folder" ] || die "restore: no such folder: $folder"
  [ -f "$folder/MANIFEST" ] && [ -f "$folder/SHA256SUMS" ] || die "restore: $folder is no backup, or was not finished: it has no MANIFEST and SHA256SUMS"
  format=$(manifest "$folder" format)
  [ "$format" = "$backup_format" ] || die "restore: $folder has the format '$format', want $backup_format: take the version that made it ($(manifest "$folder" version))"
  bad=$(cd "$folder" && sha256sum --check --quiet SHA256SUMS 2>&1) ||
    die "restore: $folder is damaged: $(head --lines=1 <<<"$bad"); nothing was changed. Take another backup"
  # The files of a newer server are not for an older one.
  ours=$(/usr/sbin/mariadbd --version 2>/dev/null | sed --quiet 's/.*Ver \([0-9]*\.[0-9]*\).*/\1/p') || true
  [ -z "$ours" ] || [ "$(printf '%s\n' "$ours" "$(manifest "$folder" database | cut --delimiter=. --fields=1-2)" | sort --version-sort | tail --lines=1)" = "$ours" ] ||
    die "restore: the backup is of MariaDB $(manifest "$folder" database), here is $ours; install the newer one"
}

check_restore_space() {
  local want free
  want=$(($(manifest "$1" bytes) / 1048576 + 500))
  free=$(df --block-size=1M --output=avail "$home" | tail --lines=1)
  [ "$free" -ge "$want" ] || die "restore: only $((free)) MB are free in $home, want $want; set TRIVIUM_HOME to another disk"
}

# A half restored platform must not start.
undo_restore() {
  [ "$restored" = no ] || return 0
  rm --recursive --force "${home:?}"/{pki,etc,data,state,sv,bin,run,products}
}

fill_home() {
  local folder=$1 why
  # Not into a log: it would lie on the disk that may be full.
  why=$(cp --recursive --no-preserve=ownership "$folder/mariadb" "$home/data/mariadb.new" 2>&1) ||
    die "copying the database back failed: $(head --lines=1 <<<"$why"); nothing is left of it"
  why=$(tar --extract --file="$folder/files.tar" --directory="$home" --no-same-owner 2>&1) ||
    die "copying keys and secrets back failed: $(head --lines=1 <<<"$why"); nothing is left of it"
  chmod 700 "$home/data/mariadb.new"
  # Of the copy, not of the database.
  rm --force "$home/data/mariadb.new"/xtrabackup_* "$home/data/mariadb.new/backup-my.cnf"
  logged "opening the database" "$home/log/restore-database.log" forget_the_past "$home/data/mariadb.new"
  mv --no-target-directory "$home/data/mariadb.new" "$home/data/mariadb"
  # It is no new clone: it needs no demonstration.
  touch "$home/state/demo-done"
}

# Instances that control had heard of are those of the lost platform; events that Kafka had are sent again.
forget_the_past() {
  local schema
  local -a as_root=()
  [ "$(id --user)" -ne 0 ] || as_root=(--user=root)
  {
    echo "DELETE FROM control.instance;"
    for schema in control payment push live; do
      echo "UPDATE $schema.outbox SET sent_time = NULL WHERE event_time > (SELECT * FROM (SELECT MAX(event_time) FROM $schema.outbox) newest) - INTERVAL $resent_events;"
    done
  } >"$home/run/restore.sql"
  /usr/sbin/mariadbd --no-defaults "${as_root[@]}" --datadir="$1" --bootstrap <"$home/run/restore.sql"
}
