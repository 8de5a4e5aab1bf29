{{/* Names, labels and the facts of each service that several templates need. */}}

{{- define "trivium.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 24 | trimSuffix "-" -}}
{{- end -}}

{{/* What is the same of every instance of a service: its ports, and what it talks to. The config has the same ports (_config.tpl). */}}
{{- define "trivium.services" -}}
control: {ports: {grpc: 9000, admin: 9001, ads: 9005}, mysql: true, kafka: true, redis: false, calls: []}
payment: {ports: {grpc: 9000, admin: 9001, callbacks: 9004}, mysql: true, kafka: true, redis: false, calls: [control]}
push: {ports: {grpc: 9000, admin: 9001}, mysql: true, kafka: true, redis: true, calls: [control]}
live: {ports: {grpc: 9000, admin: 9001}, mysql: true, kafka: true, redis: true, calls: [control, push]}
gateway: {ports: {grpc: 9000, admin: 9001, clients: 9002}, mysql: false, kafka: false, redis: true, calls: [control, payment, push, live]}
ops: {ports: {grpc: 9000, admin: 9001, console: 9003}, mysql: true, kafka: true, redis: false, calls: [control, payment, push, live]}
{{- end -}}

{{/* trivium.labels (dict "root" $ "component" NAME) */}}
{{- define "trivium.labels" -}}
app.kubernetes.io/name: trivium
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
trivium/cell: {{ .root.Values.cell.name }}
{{- end -}}

{{/* What selects the Pods of a service, of both tracks. trivium.selector (dict "root" $ "component" NAME) */}}
{{- define "trivium.selector" -}}
app.kubernetes.io/name: trivium
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* trivium.image (dict "root" $ "component" NAME "tag" TAG) */}}
{{- define "trivium.image" -}}
{{- $image := .root.Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end -}}
{{ $image.prefix }}{{ .component }}:{{ .tag | default $image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{/* The Secret with tls.crt, tls.key and ca.crt of a service, or of the operator that publishes. trivium.tlsSecret (dict "root" $ "component" NAME) */}}
{{- define "trivium.tlsSecret" -}}
{{- get .root.Values.tls.secretNames .component | default (printf "%s-%s-tls" (include "trivium.fullname" .root) .component) -}}
{{- end -}}

{{- define "trivium.controlHost" -}}
{{ include "trivium.fullname" . }}-control.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{/* Nothing of a Pod runs as root, gains privileges or writes to its root. */}}
{{- define "trivium.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "trivium.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Refuses what no schema can see. */}}
{{- define "trivium.check" -}}
{{- $fullname := include "trivium.fullname" . -}}
{{- if not (has .Values.cell.name .Values.cell.all) -}}
{{- fail (printf "cell.name: %s, want one of cell.all (%s)" .Values.cell.name (join ", " .Values.cell.all)) -}}
{{- end -}}
{{- /* An instance's id is <cell>-<Pod's name>, at most 64 characters: "-", "-payment", "-canary", and 17 that Kubernetes adds. */ -}}
{{- if gt (add (len .Values.cell.name) (len $fullname)) 31 -}}
{{- fail (printf "cell.name and the release's name: %s and %s, want at most 31 characters together (an instance's id has at most 64)" .Values.cell.name $fullname) -}}
{{- end -}}
{{- if and .Values.payment.enabled (not .Values.payment.psps) (not .Values.sandboxPsp.enabled) -}}
{{- fail "payment.psps: none, want at least one payment service provider, or sandboxPsp.enabled for trials" -}}
{{- end -}}
{{- $services := fromYaml (include "trivium.services" .) -}}
{{- range $name, $facts := $services -}}
{{- if and (index $.Values $name).enabled $facts.redis (not $.Values.redis.addresses) -}}
{{- fail (printf "redis.addresses: none, want the cell's Redis, which %s needs" $name) -}}
{{- end -}}
{{- end -}}
{{- range $i, $route := .Values.routes -}}
{{- range $cell := $route.cells -}}
{{- if not (has $cell $.Values.cell.all) -}}
{{- fail (printf "routes[%d].cells: %s, want cells of cell.all (%s)" $i $cell (join ", " $.Values.cell.all)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
