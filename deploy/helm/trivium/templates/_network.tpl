{{/* Parts of network policies. */}}

{{/* Peers: the Pods of a component in this release, and with crossCell those of the other cells. trivium.peersOf (dict "root" $ "component" NAME "crossCell" BOOL) */}}
{{- define "trivium.peersOf" -}}
- podSelector:
    matchLabels:
      {{- include "trivium.selector" . | nindent 6 }}
{{- if .crossCell }}
{{- range .root.Values.cell.peerNamespaces }}
- namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: {{ . }}}
  podSelector:
    matchLabels:
      app.kubernetes.io/name: trivium
      app.kubernetes.io/component: {{ $.component }}
{{- end }}
{{- range .root.Values.cell.peerCidrs }}
- ipBlock: {cidr: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end -}}

{{- define "trivium.dnsEgress" -}}
# Names.
- to:
    {{- toYaml .Values.networkPolicy.dns | nindent 4 }}
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end -}}

{{/* A database or the like: its ports, where values name no place there anywhere. trivium.egressTo (dict "what" NAME "rule" {to, ports}) */}}
{{- define "trivium.egressTo" -}}
# {{ .what }}
- ports:
    {{- range .rule.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with .rule.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
