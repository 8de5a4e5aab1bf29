# shellcheck shell=bash
# A private MariaDB: a schema and a user per service, passwords made by secrets.sh.

readonly schemas='control payment push live ops'

prepare_mariadb() {
  render mariadb.conf "$home/etc/mariadb.conf"
  [ -d "$home/data/mariadb" ] || create_database
  local -a as_root=()
  [ "$(id --user)" -ne 0 ] || as_root=(--user=root)
  define_service mariadb /usr/sbin/mariadbd --defaults-file="$home/etc/mariadb.conf" "${as_root[@]}"
}

# Into a folder beside it first: an interrupted installation leaves no half database.
create_database() {
  local new=$home/data/mariadb.new
  rm --recursive --force "$new"
  mkdir --parents "$new"
  logged "making the database" "$home/log/mariadb-install.log" \
    mariadb-install-db --no-defaults --datadir="$new" --user="$(id --user --name)" --skip-test-db \
    --auth-root-authentication-method=socket --auth-root-socket-user="$(id --user --name)" --innodb-flush-method=O_DIRECT
  mv "$new" "$home/data/mariadb"
}

as_database_root() { mariadb --no-defaults --socket="$short_home/run/mysql.sock" --user="$(id --user --name)" "$@"; }

# The server answers, and has our schemas and users with today's passwords. Repeating it changes nothing.
setup_schemas() {
  local name
  {
    echo "DELETE FROM mysql.global_priv WHERE User = ''; FLUSH PRIVILEGES;"
    for name in $schemas; do
      echo "CREATE DATABASE IF NOT EXISTS $name CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
      local host
      for host in localhost 127.0.0.1; do
        echo "CREATE USER IF NOT EXISTS '$name'@'$host'; ALTER USER '$name'@'$host' IDENTIFIED BY '$(secret "$name" MYSQL_PASSWORD)';"
        echo "GRANT ALL PRIVILEGES ON $name.* TO '$name'@'$host';"
      done
    done
  } | as_database_root
}

mariadb_answers() { as_database_root --execute='SELECT 1'; }
