# shellcheck shell=bash
# A development CA and what it signs, under $home/pki: names spiffe://trivium/<kind>/<name>, EC P-256, 825 days.

make_certificates() {
  [ -s "$home/pki/ca.crt" ] || make_ca
  local name
  for name in $services; do make_certificate service "$name"; done
  for name in $(products); do make_certificate product "$name"; done
  make_certificate operator dev
}

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

make_ca() {
  local ca=$home/pki/ca
  (
    umask 077
    new_key "$ca.key"
    openssl req -x509 -new -key "$ca.key" -sha256 -days 3650 -subj "/O=Trivium development/CN=Trivium development CA" \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out "$ca.crt.new" 2>/dev/null
  )
  mv "$ca.crt.new" "$ca.crt"
}

# make_certificate KIND NAME [DAYS]: <kind>-<name>.crt and .key, unless they are there and good for another month. Servers read them again by
# themselves when they change.
make_certificate() {
  local kind=$1 name=$2 days=${3:-825} file=$home/pki/$1-$2
  local names="URI:spiffe://trivium/$kind/$name"
  # The wildcard comes last: gRPC tries names in order, and complains in the log when it compares a short name with a wildcard.
  [ "$kind" != service ] || names+=",DNS:$name.trivium,DNS:localhost,DNS:*.$name.trivium,IP:127.0.0.1"
  ! openssl x509 -checkend $((30 * 86400)) -noout -in "$file.crt" >/dev/null 2>&1 || return 0
  (
    umask 077
    new_key "$file.key.new"
    openssl req -new -key "$file.key.new" -subj "/O=Trivium development/OU=$kind/CN=$name" 2>/dev/null |
      openssl x509 -req -CA "$home/pki/ca.crt" -CAkey "$home/pki/ca.key" -set_serial "0x$(random_hex 15)" \
        -sha256 -days "$days" -out "$file.crt.new" -extfile <(certificate_extensions "$names") 2>/dev/null
  )
  [ -s "$file.crt.new" ] || die "openssl could not make a certificate for $kind $name; see ./trv doctor"
  mv "$file.key.new" "$file.key"
  mv "$file.crt.new" "$file.crt"
}

certificate_extensions() {
  echo "basicConstraints=critical,CA:FALSE"
  echo "keyUsage=critical,digitalSignature"
  echo "extendedKeyUsage=clientAuth,serverAuth"
  echo "subjectAltName=$1"
}
