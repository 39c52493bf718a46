{{/* What the schema cannot say, or could only say in a way that does not help. */}}

{{- define "tare.checks" -}}
{{- include "tare.checkConfig" . -}}
{{- include "tare.checkEnvironment" . -}}
{{- range $label, $_ := .Values.podLabels -}}
{{- if hasPrefix "app.kubernetes.io/" $label -}}
{{- fail (printf "podLabels: %s is set by the chart, which selects pods by it" $label) -}}
{{- end -}}
{{- end -}}
{{- with .Values.image -}}
{{- if and (eq .tag "latest") (not .digest) -}}
{{- fail "image.tag: \"latest\" is another image after each build; name a version, or set image.digest" -}}
{{- end -}}
{{- end -}}
{{- with .Values.api.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- fail (printf "api.autoscaling: minReplicas (%v) is greater than maxReplicas (%v)" .minReplicas .maxReplicas) -}}
{{- end -}}
{{- end -}}
{{- $names := list -}}
{{- range $index, $secret := .Values.secrets -}}
{{- if has $secret.name $names -}}
{{- fail (printf "secrets[%d].name: %s is there already, and each name is one folder" $index $secret.name) -}}
{{- end -}}
{{- $names = append $names $secret.name -}}
{{- end -}}
{{- $serve := .Values.config.serve | default dict -}}
{{- range $kind := list "ingress" "httpRoute" -}}
{{- if and (get $.Values $kind).enabled (not (regexMatch "^https?://[^/]+" (toString $serve.public_url))) -}}
{{- fail (printf "config.serve.public_url: %s needs the address at which people reach Tare, such as https://tare.example.com/" $kind) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs: name the Gateway, such as [{name: public, namespace: gateways}]" -}}
{{- end -}}
{{- $isOpen := or $serve.open_metrics (eq (toString $serve.access) "anonymous") -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.serviceMonitor.existingSecret) (not $isOpen) -}}
{{- fail "serviceMonitor.existingSecret: /metrics needs a key: name a Secret with one (tare key create prometheus --scope read), or set config.serve.open_metrics to true" -}}
{{- end -}}
{{- end -}}

{{/* Settings that the chart sets itself, and secrets. */}}
{{- define "tare.checkConfig" -}}
{{- range $section, $settings := .Values.config -}}
{{- $at := printf "config.%s" $section -}}
{{- $tables := kindIs "slice" $settings | ternary $settings (list $settings) -}}
{{- range $index, $table := $tables -}}
{{- $at := kindIs "slice" $settings | ternary (printf "%s[%d]" $at $index) $at -}}
{{- if not (kindIs "map" $table) -}}
{{- fail (printf "%s: expected settings of a section, such as config.serve.public_url, or a list of them for a repeated section" $at) -}}
{{- end -}}
{{- if and (eq $section "notification") (hasKey $table "url") -}}
{{- include "tare.refuseSecret" (dict "at" $at "key" "url") -}}
{{- end -}}
{{- end -}}
{{- include "tare.refuseSecrets" (dict "at" $at "value" $settings) -}}
{{- end -}}
{{- $own := dict
  "serve.listen" "api.address" "serve.role" "the chart" "serve.tls_certificate" "tls.existingSecret"
  "serve.tls_key" "tls.existingSecret" "store.database_url" "database.existingSecret"
  "store.database_url_file" "database.existingSecret" "store.data_dir" "database.existingSecret" -}}
{{- range $setting, $value := $own -}}
{{- $path := splitList "." $setting -}}
{{- if hasKey (get $.Values.config (first $path) | default dict) (last $path) -}}
{{- fail (printf "config.%s: this is set by %s" $setting (eq $value "the chart" | ternary $value (printf "the value %s" $value))) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.dockerConfig.existingSecret (dig "crawl" "docker_config" "" .Values.config) -}}
{{- fail "config.crawl.docker_config: this is set by the value dockerConfig.existingSecret" -}}
{{- end -}}
{{- end -}}

{{- define "tare.refuseSecrets" -}}
{{- $at := .at -}}
{{- if kindIs "map" .value -}}
{{- range $key, $value := .value -}}
{{- if and (has $key (list "password" "token" "secret" "client_secret" "database_url")) (not (kindIs "map" $value)) -}}
{{- include "tare.refuseSecret" (dict "at" $at "key" $key) -}}
{{- end -}}
{{- include "tare.refuseSecrets" (dict "at" (printf "%s.%s" $at $key) "value" $value) -}}
{{- end -}}
{{- else if kindIs "slice" .value -}}
{{- range $index, $value := .value -}}
{{- include "tare.refuseSecrets" (dict "at" (printf "%s[%d]" $at $index) "value" $value) -}}
{{- end -}}
{{- else if and (kindIs "string" .value) (regexMatch "^[a-z][a-z0-9+]*://[^/@]*:[^/@]*@" .value) -}}
{{- fail (printf "%s: an address with a password must not be in values" $at) -}}
{{- end -}}
{{- end -}}

{{- define "tare.refuseSecret" -}}
{{- if eq .key "database_url" -}}
{{- fail (printf "%s.%s: a secret must not be in values: put it into a Secret and name that in database.existingSecret" .at .key) -}}
{{- end -}}
{{- fail (printf "%s.%s: a secret must not be in values: put it into a Secret, name that in secrets, and set %s_file to /run/secrets/tare/NAME/KEY" .at .key .key) -}}
{{- end -}}

{{- define "tare.checkEnvironment" -}}
{{- $own := list "TARE_CONFIG" "DATABASE_URL" "DATABASE_URL_FILE" "TARE_STORE_DATABASE_URL" "TARE_STORE_DATABASE_URL_FILE"
  "TARE_SERVE_LISTEN" "TARE_SERVE_ROLE" "TARE_SERVE_TLS_CERTIFICATE" "TARE_SERVE_TLS_KEY" -}}
{{- range $index, $variable := .Values.extraEnv -}}
{{- if has $variable.name $own -}}
{{- fail (printf "extraEnv[%d]: %s is set by the chart" $index $variable.name) -}}
{{- end -}}
{{- if and $variable.value (regexMatch "(PASSWORD|TOKEN|SECRET)$" $variable.name) -}}
{{- fail (printf "extraEnv[%d].value: a secret must not be in values: use valueFrom.secretKeyRef for %s" $index $variable.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
