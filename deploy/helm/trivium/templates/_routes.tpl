{{/*
Routes as trivium.control.v1.RoutePlan for `trv_publish --routes`: those of values, and where a canary of this cell has a share, "*" of its service.
*/}}
{{- define "trivium.routes" -}}
{{- $wanted := list -}}
{{- $stars := list -}}
{{- range .Values.routes -}}
{{- $wanted = append $wanted (dict "product" .product "service" .service "cells" .cells) -}}
{{- if eq .product "*" }}{{ $stars = append $stars .service }}{{ end -}}
{{- end -}}
{{- range list "payment" "push" "live" -}}
{{- if and (index $.Values .).canary.enabled (not (has . $stars)) -}}
{{- $wanted = append $wanted (dict "product" "*" "service" . "cells" $.Values.cell.all) -}}
{{- end -}}
{{- end -}}
{{- $routes := list -}}
{{- range $route := $wanted -}}
{{- $cells := list -}}
{{- range $cell := $route.cells -}}
{{- $canary := (index $.Values $route.service).canary -}}
{{- $entry := dict "cell" $cell -}}
{{- if and (eq $cell $.Values.cell.name) $canary.enabled -}}
{{- $_ := set $entry "canary" (dict "version" ($canary.version | default $canary.tag) "percent" $canary.percent) -}}
{{- end -}}
{{- $cells = append $cells $entry -}}
{{- end -}}
{{- $routes = append $routes (dict "product" $route.product "service" $route.service "cells" $cells) -}}
{{- end -}}
{{ toYaml (dict "routes" $routes) }}
{{- end -}}

{{/* Config items that belong to values, as a ConfigMap's data: <kind>.<name>.yaml. */}}
{{- define "trivium.items" -}}
{{- range $product, $values := .Values.products }}
{{- with $values.profile }}
product_profile.{{ $product }}.yaml: |
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tokenKeys }}
token_keys.{{ $product }}.yaml: |
  {{- toYaml (dict "keys" .) | nindent 2 }}
{{- end }}
{{- end }}
{{- range $name, $capacity := .Values.liveCapacity }}
live_capacity.{{ $name }}.yaml: |
  {{- toYaml $capacity | nindent 2 }}
{{- end }}
{{- end -}}
