# shellcheck shell=bash
# Secrets: $home/etc/secrets/<service>/<NAME>, one a file, made once at random. A service gets its own as environment variables (chpst -e),
# so none stands in a config file or on a command line.

make_secrets() {
  local name
  for name in $schemas; do make_secret "$name" MYSQL_PASSWORD; done
  for name in RESUME_KEY MEDIA_KEY; do make_secret live "$name"; done
}

# make_secret SERVICE NAME [BYTES]
make_secret() {
  local file=$home/etc/secrets/$1/$2
  [ ! -s "$file" ] || return 0
  (
    umask 077
    mkdir --parents "${file%/*}"
    random_hex "${3:-24}" >"$file.new"
    mv "$file.new" "$file"
  )
}

secret() { cat "$home/etc/secrets/$1/$2"; }

# random_hex BYTES
random_hex() { od --address-radix=n --format=x1 --read-bytes="$1" /dev/urandom | tr --delete ' \n'; }
