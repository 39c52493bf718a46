{{/*
The settings as TOML. Helm's toToml writes each number as a float (5.0 for 5), which is another type for Tare.
*/}}

{{- define "tare.toml" -}}
{{- range $section, $settings := .Values.config -}}
{{- if kindIs "slice" $settings -}}
{{- range $settings }}
[[{{ $section }}]]
{{ include "tare.tomlSettings" . }}
{{- end -}}
{{- else }}
[{{ $section }}]
{{ include "tare.tomlSettings" $settings }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tare.tomlSettings" -}}
{{- range $name, $value := . -}}
{{- if not (kindIs "invalid" $value) -}}
{{ include "tare.tomlKey" $name }} = {{ include "tare.tomlValue" $value }}
{{ end -}}
{{- end -}}
{{- end -}}

{{- define "tare.tomlKey" -}}
{{- regexMatch "^[A-Za-z0-9_-]+$" . | ternary . (toJson .) -}}
{{- end -}}

{{/* A text of JSON is a text of TOML, too. */}}
{{- define "tare.tomlValue" -}}
{{- if kindIs "map" . -}}
{
{{- $comma := "" -}}
{{- range $name, $value := . -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $comma }} {{ include "tare.tomlKey" $name }} = {{ include "tare.tomlValue" $value }}
{{- $comma = "," -}}
{{- end -}}
{{- end }} }
{{- else if kindIs "slice" . -}}
[
{{- range $index, $value := . -}}
{{- if $index }}, {{ end }}{{ include "tare.tomlValue" $value }}
{{- end -}}
]
{{- else if and (kindIs "float64" .) (eq . (floor .)) -}}
{{ printf "%.0f" . }}
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end -}}
