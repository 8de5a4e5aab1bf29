#!/usr/bin/env bash
# The Helm chart without a cluster: rendered by Helm's own engine for each example, checked, and compared with tests/chart/rendered.
# usage: BIN=FOLDER tests/chart/run.sh [--accept]
# BIN: folder with the services' binaries, for their --check_config (`./trv test chart` gives it). --accept: the rendering of now becomes the committed one.
# Needs go 1.19 or newer, which fetches the modules of tests/chart/helm. Prints TAP lines.
set -euo pipefail
cd "$(dirname "$(readlink --canonicalize "$0")")/../.."

readonly here=tests/chart chart=deploy/helm/trivium examples=deploy/helm/trivium/examples
accept=no
[ "${1:-}" != --accept ] || accept=yes
work=$(mktemp --directory /tmp/trivium-chart.XXXXXX)
trap 'rm --recursive --force "$work"' EXIT
version=$(<VERSION)
source tests/tap.sh

build_engine() { (cd "$here/helm" && GOFLAGS=-mod=readonly go build -o "$work/chart" .); }

# render NAME NAMESPACE VALUES...: into $work/NAME.yaml
render() {
  local name=$1 namespace=$2
  shift 2
  "$work/chart" render "$chart" trivium "$namespace" "$@" >"$work/$name.yaml"
}

as_committed() {
  local name=$1
  /usr/bin/python3 "$here/check.py" normal "$work/$name.yaml" "$version" >"$work/$name.normal"
  if [ "$accept" = yes ]; then cp "$work/$name.normal" "$here/rendered/$name.yaml"; fi
  diff --unified "$here/rendered/$name.yaml" "$work/$name.normal" | head --lines=60
}

sees_a_change() {
  echo "logLevel: debug" >"$work/change.yaml"
  "$work/chart" render "$chart" trivium trivium "$examples/values-one-cell.yaml" "$work/change.yaml" >"$work/one-cell-changed.yaml"
  /usr/bin/python3 "$here/check.py" normal "$work/one-cell-changed.yaml" "$version" >"$work/changed.normal"
  ! diff --brief "$here/rendered/one-cell.yaml" "$work/changed.normal" >/dev/null || { echo "another log level, and the rendering is the same"; return 1; }
}

listens_on_ipv6() {
  echo 'listenHost: "[::]"' >"$work/ipv6.values"
  "$work/chart" render "$chart" trivium trivium "$examples/values-one-cell.yaml" "$work/ipv6.values" >"$work/ipv6.yaml"
  ! grep '0\.0\.0\.0:' "$work/ipv6.yaml" || return 1
  [ "$(grep --count '\[::\]:90' "$work/ipv6.yaml")" -ge 16 ] || { echo "few addresses with [::]"; return 1; }
  [ ! -x "${BIN:-}/payment" ] || configs_pass ipv6
}

# refuses WORDS YAML: values that must not be taken, and what is said of them.
refuses() {
  local words=$1 yaml=$2 output
  echo "$yaml" >"$work/wrong.yaml"
  if output=$("$work/chart" render "$chart" trivium trivium "$examples/values-one-cell.yaml" "$work/wrong.yaml" 2>&1 >/dev/null); then
    echo "taken: $yaml"
    return 1
  fi
  grep --quiet --fixed-strings -- "$words" <<<"$output" || { echo "want \"$words\" in: $output"; return 1; }
}

make_certificate() {
  mkdir --parents "$work/pod/tls"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -keyout "$work/pod/tls/tls.key" -out "$work/pod/tls/tls.crt" 2>/dev/null
  cp "$work/pod/tls/tls.crt" "$work/pod/tls/ca.crt"
}

# configs_pass NAME
configs_pass() { /usr/bin/python3 "$here/check.py" configs "$work/$1.yaml" "$work/pod" "$BIN"; }

versions_agree() {
  grep --quiet --line-regexp "version: $version" "$chart/Chart.yaml" && grep --quiet --line-regexp "appVersion: \"$version\"" "$chart/Chart.yaml" ||
    { echo "Chart.yaml: want version and appVersion $version, as VERSION says"; return 1; }
}

holds "chart: its version is the platform's" versions_agree
holds "chart: values.schema.json is up to date" /usr/bin/python3 deploy/helm/schema.py --check
if ! command -v go >/dev/null; then
  skip "chart: renders" "no go here (apt install golang-go)"
  exit "$failed"
fi
if ! build_engine >"$work/build.log" 2>&1; then
  if grep --quiet --extended-regexp 'dial tcp|no such host|connection refused|i/o timeout|proxyconnect|TLS handshake' "$work/build.log"; then
    skip "chart: renders" "Go's modules cannot be fetched: $(tail --lines=1 "$work/build.log")"
  else
    not_ok "chart: tests/chart/helm builds" "$work/build.log"
  fi
  exit "$failed"
fi

readonly cases='minimal:trivium one-cell:trivium three-cells-a:trivium-a three-cells-b:trivium-b three-cells-c:trivium-c'
values_of() { if [ "$1" = minimal ]; then echo "$here/minimal.yaml"; else echo "$examples/values-$1.yaml"; fi; }
make_certificate
for case in $cases; do
  name=${case%:*} namespace=${case#*:}
  holds "$name: renders" render "$name" "$namespace" "$(values_of "$name")"
  [ -s "$work/$name.yaml" ] || continue
  holds "$name: Helm's linter finds no error" "$work/chart" lint "$chart" "$namespace" "$(values_of "$name")"
  holds "$name: every document is one that Kubernetes' types take" "$work/chart" types "$work/$name.yaml"
  holds "$name: Pods, Services, references, budgets, certificates" /usr/bin/python3 "$here/check.py" objects "$namespace=$work/$name.yaml"
  holds "$name: is as committed (tests/chart/run.sh --accept)" as_committed "$name"
  if [ -n "${BIN:-}" ] && [ -x "$BIN/payment" ]; then
    holds "$name: the services take their configs" configs_pass "$name"
  else
    skip "$name: the services take their configs" "no binaries; BIN=FOLDER names them"
  fi
done
holds "one cell: who may talk to whom" /usr/bin/python3 "$here/check.py" network "trivium=$work/one-cell.yaml"
holds "three cells: who may talk to whom" /usr/bin/python3 "$here/check.py" network "trivium-a=$work/three-cells-a.yaml" "trivium-b=$work/three-cells-b.yaml" \
  "trivium-c=$work/three-cells-c.yaml"
holds "IPv6: all parts listen where they are told" listens_on_ipv6
holds "the comparison with the committed rendering sees a change" sees_a_change
holds "refuses: an unknown name" refuses "Additional property replica is not allowed" "payment: {replica: 3}"
holds "refuses: an unknown option of a service" refuses "Additional property max_conections is not allowed" "payment: {config: {mysql: {max_conections: 9}}}"
holds "refuses: a cell that is none of the platform's" refuses "cell.name: cell-x, want one of cell.all" "cell: {name: cell-x}"
holds "refuses: a route to an unknown cell" refuses "routes[0].cells: cell-x, want cells of cell.all" "routes: [{product: '*', service: payment, cells: [cell-x]}]"
holds "refuses: no payment service provider" refuses "payment.psps: none, want at least one" "sandboxPsp: {enabled: false}"
holds "refuses: no Redis" refuses "redis.addresses: none" "redis: {addresses: []}"
holds "refuses: names too long for an instance's id" refuses "want at most 31 characters together" $'fullnameOverride: abcdefghijklmnopqrstuvwx\ncell: {name: cell-abcd, all: [cell-abcd]}'
holds "refuses: certificates without an issuer" refuses "tls.certManager.issuerRef.name: empty" "tls: {certManager: {createCa: false}}"
holds "refuses: a canary without a tag" refuses "payment.canary.tag" "payment: {canary: {enabled: true}}"

if command -v helm >/dev/null; then
  holds "helm lint --strict" helm lint --strict --values "$examples/values-one-cell.yaml" "$chart"
else
  skip "helm lint --strict" "no helm here; its engine and linter ran as a library"
fi
if command -v kubeconform >/dev/null && [ -n "${KUBECONFORM_SCHEMAS:-}" ]; then
  holds "kubeconform" kubeconform -strict -ignore-missing-schemas -schema-location "$KUBECONFORM_SCHEMAS" "$work"/{minimal,one-cell,three-cells-a,three-cells-b,three-cells-c}.yaml
else
  skip "kubeconform" "no kubeconform with schemas here (KUBECONFORM_SCHEMAS); Kubernetes' own types took every document"
fi
exit "$failed"
