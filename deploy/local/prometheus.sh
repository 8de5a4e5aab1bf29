# shellcheck shell=bash
# Prometheus: scrapes the services' admin ports; recording and alert rules come from dashboards/.

prepare_prometheus() {
  mkdir --parents "$home/data/prometheus"
  write_file "$home/etc/prometheus-rules.yaml" <"$TRIVIUM_ROOT/dashboards/generated/prometheus-rules.yaml"
  render prometheus.yaml "$home/etc/prometheus.yaml" scrape_configs "$(scrape_configs)"
  define_service prometheus /usr/bin/prometheus --config.file="$home/etc/prometheus.yaml" --storage.tsdb.path="$home/data/prometheus" \
    --storage.tsdb.retention.time=15d --storage.tsdb.retention.size=1GB --web.listen-address="127.0.0.1:$(port prometheus)" \
    --web.enable-lifecycle --log.level=warn
}

# A job for each service, a target for each of its instances.
scrape_configs() {
  local service name number
  for service in $services; do
    echo "  - job_name: $service"
    echo "    static_configs:"
    for name in $(instance_names "$service"); do
      number=$(number_of "$name")
      echo "      - targets: [\"127.0.0.1:$(own_port "${service}_admin" "$number")\"]"
      echo "        labels: { instance: $service-$number, cell: cell-a }"
    done
  done
}

prometheus_answers() { http_ok "$(port prometheus)" /-/ready; }

# http_ok PORT PATH: whether 127.0.0.1 answers 200. Without curl, which a bare machine lacks.
http_ok() { [ "$(http_get "$1" "$2" | head --lines=1 | cut --delimiter=' ' --fields=2)" = 200 ]; }

http_get() {
  # shellcheck disable=SC2016  # The inner bash expands.
  timeout 3 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n" "$2" >&3 && cat <&3' _ "$1" "$2" 2>/dev/null | tr --delete '\r\0'
}
