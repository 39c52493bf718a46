{{/* Names and labels. Names leave room for endings such as -dashboard-operations: objects have at most 63 characters. */}}

{{- define "tare.name" -}}
{{- .Values.nameOverride | default .Chart.Name -}}
{{- end -}}

{{- define "tare.fullname" -}}
{{- $name := include "tare.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- /* A Service's name has no dots and starts with a letter; that of a release may. */ -}}
{{- $full = regexMatch "^[0-9]" $full | ternary (printf "%s-%s" $name $full) $full | replace "." "-" -}}
{{- .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "tare.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tare.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "tare.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "tare.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "tare.serviceAccountName" -}}
{{- with .Values.serviceAccount -}}
{{- .name | default (ternary (include "tare.fullname" $) "default" .create) -}}
{{- end -}}
{{- end -}}

{{- define "tare.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The address at which people reach Tare, as a map with scheme, host (without port) and path. */}}
{{- define "tare.publicUrl" -}}
{{- $url := urlParse (dig "serve" "public_url" "" .Values.config) -}}
{{- dict "host" (regexReplaceAll ":[0-9]+$" $url.host "") "path" ($url.path | default "/") | toJson -}}
{{- end -}}
