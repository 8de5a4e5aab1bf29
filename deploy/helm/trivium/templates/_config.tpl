{{/* The services' configs, in the form of services/NAME/config.proto. What stands here is what the Pods' shape decides; the rest comes from values. */}}

{{/* trivium.serverConfig (dict "root" $ "name" SERVICE) */}}
{{- define "trivium.serverConfig" -}}
{{- $service := index .root.Values .name -}}
# Unique in the platform: Pods of two cells may have one name.
instance_id: {{ printf "%s-${POD_NAME}" .root.Values.cell.name | quote }}
cell: {{ .root.Values.cell.name }}
grpc_address: {{ printf "%s:9000" .root.Values.listenHost | quote }}
admin_address: {{ printf "%s:9001" .root.Values.listenHost | quote }}
# In the registry, and so in xDS: the Pod's own address. Clients balance themselves; no proxy stands between.
advertise_address: "${POD_IP}:9000"
tls:
  certificate_file: /etc/trivium/tls/tls.crt
  key_file: /etc/trivium/tls/tls.key
  ca_file: /etc/trivium/tls/ca.crt
{{- if ne .name "control" }}
control_address: {{ include "trivium.controlHost" .root }}:9000
control_ads_address: {{ include "trivium.controlHost" .root }}:9005
{{- end }}
state_dir: /var/lib/trivium
lame_duck: {{ $service.drain.lameDuckSeconds }}s
drain_timeout: {{ $service.drain.timeoutSeconds }}s
log:
  path: "-"
  level: {{ .root.Values.logLevel }}
{{- end -}}

{{/* trivium.mysqlConfig (dict "root" $ "name" SERVICE) */}}
{{- define "trivium.mysqlConfig" -}}
host: {{ .root.Values.mysql.host | quote }}
port: {{ .root.Values.mysql.port }}
user: {{ get .root.Values.mysql.users .name | default .name }}
password: "${file:/run/secrets/mysql-password}"
schema: {{ .name }}
{{- end -}}

{{- define "trivium.redisConfig" -}}
addresses: {{ toJson .Values.redis.addresses }}
cluster: {{ .Values.redis.cluster }}
{{- with .Values.redis.user }}
user: {{ . | quote }}
{{- end }}
{{- if .Values.redis.existingSecret }}
password: "${file:/run/secrets/redis-password}"
{{- end }}
{{- end -}}

{{- define "trivium.controlConfig" -}}
ads_address: {{ printf "%s:9005" .Values.listenHost | quote }}
cells: {{ toJson .Values.cell.all }}
{{- end -}}

{{- define "trivium.paymentConfig" -}}
callback_address: {{ printf "%s:9004" .Values.listenHost | quote }}
psps:
{{- with .Values.payment.psps }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.sandboxPsp.enabled }}
  - name: sandbox
    sandbox:
      base_url: http://{{ include "trivium.fullname" . }}-sandbox-psp:9030
      notify_url: http://{{ include "trivium.fullname" . }}-payment-callbacks:9004/psp/sandbox/notify
      merchants_file: /run/secrets/sandbox-merchants.yaml
{{- end }}
{{- end -}}

{{- define "trivium.liveConfig" -}}
secrets:
  resume_key: "${file:/run/secrets/resume-key}"
  media_key: "${file:/run/secrets/media-key}"
{{- end -}}

{{- define "trivium.gatewayConfig" -}}
client_address: {{ printf "%s:9002" .Values.listenHost | quote }}
{{- end -}}

{{- define "trivium.opsConfig" -}}
console_address: {{ printf "%s:9003" .Values.listenHost | quote }}
console_dir: /opt/trivium/share/console
boards_file: /opt/trivium/share/boards.yaml
prometheus_url: {{ .Values.ops.prometheusUrl | quote }}
scrape_interval: {{ .Values.monitoring.scrapeInterval }}
secure_cookie: {{ .Values.ops.secureCookie }}
{{- with .Values.ops.people }}
people:
{{- range . }}
  - name: {{ .name }}
    password_hash: "${file:/run/secrets/people/{{ .name }}}"
    role: {{ .role }}
    {{- with .products }}
    products: {{ toJson . }}
    {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The whole config of a track: what stands above, under values' config, under the canary's. trivium.config (dict "root" $ "name" SERVICE "track" TRACK) */}}
{{- define "trivium.config" -}}
{{- $facts := get (fromYaml (include "trivium.services" .root)) .name -}}
{{- $service := index .root.Values .name -}}
{{- $config := dict "server" (fromYaml (include "trivium.serverConfig" .)) -}}
{{- if $facts.mysql }}{{ $_ := set $config "mysql" (fromYaml (include "trivium.mysqlConfig" .)) }}{{ end -}}
{{- if $facts.redis }}{{ $_ := set $config "redis" (fromYaml (include "trivium.redisConfig" .root)) }}{{ end -}}
{{- if and $facts.kafka .root.Values.kafka.brokers }}{{ $_ := set $config "kafka" (dict "brokers" .root.Values.kafka.brokers) }}{{ end -}}
{{- if has .name (list "control" "payment" "live" "gateway" "ops") -}}
{{- $config = mustMergeOverwrite $config (fromYaml (include (printf "trivium.%sConfig" .name) .root)) -}}
{{- end -}}
{{- $config = mustMergeOverwrite $config (deepCopy $service.config) -}}
{{- if eq .track "canary" }}{{ $config = mustMergeOverwrite $config (deepCopy $service.canary.config) }}{{ end -}}
{{ toYaml $config }}
{{- end -}}

{{/* What lies under /run/secrets of a service, as sources of a projected volume; empty when it needs none. trivium.secrets (dict "root" $ "name" SERVICE) */}}
{{- define "trivium.secrets" -}}
{{- $facts := get (fromYaml (include "trivium.services" .root)) .name -}}
{{- $values := .root.Values -}}
{{- if $facts.mysql }}
- secret:
    name: {{ $values.mysql.existingSecret }}
    items: [{key: {{ .name }}, path: mysql-password}]
{{- end }}
{{- if and $facts.redis $values.redis.existingSecret }}
- secret:
    name: {{ $values.redis.existingSecret }}
    items: [{key: {{ $values.redis.secretKey }}, path: redis-password}]
{{- end }}
{{- if eq .name "live" }}
- secret:
    name: {{ $values.live.existingSecret }}
    items: [{key: resume-key, path: resume-key}, {key: media-key, path: media-key}]
{{- end }}
{{- if and (eq .name "payment") $values.sandboxPsp.enabled }}
- secret:
    name: {{ $values.sandboxPsp.merchantsSecret }}
    items: [{key: sandbox-merchants.yaml, path: sandbox-merchants.yaml}]
{{- end }}
{{- if and (eq .name "ops") $values.ops.people }}
- secret:
    name: {{ $values.ops.peopleSecret }}
    items:
      {{- range $values.ops.people }}
      - {key: {{ .name | quote }}, path: {{ printf "people/%s" .name | quote }}}
      {{- end }}
{{- end }}
{{- range (index $values .name).extraSecrets }}
- secret:
    name: {{ . }}
{{- end }}
{{- end -}}
