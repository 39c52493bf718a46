{{/*
What all pods have in common. Takes a map: root ($), component (api, crawler, migrate or doctor), settings (its values),
config (the name of the ConfigMap), args, and for the API probes and ports.
*/}}

{{- define "tare.podMetadata" -}}
{{- $values := .root.Values -}}
labels:
  {{- include "tare.selectorLabels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- if and $values.workloadIdentity.azure.enabled (ne .component "migrate") }}
  azure.workload.identity/use: "true"
  {{- end }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  # Pods are replaced if the configuration changes.
  checksum/config: {{ printf "%s%s" (include "tare.toml" .root) (toJson $values.files) | sha256sum }}
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "tare.pod" -}}
{{- $values := .root.Values -}}
{{- with .root.Values.imagePullSecrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{ end -}}
serviceAccountName: {{ .serviceAccount | default (include "tare.serviceAccountName" .root) | quote }}
# Tare does not call Kubernetes. Identities of clouds have tokens of their own.
automountServiceAccountToken: false
# Otherwise a Service named tare becomes variables such as TARE_PORT, which Tare refuses as unknown settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  {{- with $values.runAsUser }}
  runAsUser: {{ int64 . }}
  runAsGroup: {{ int64 . }}
  fsGroup: {{ int64 . }}
  {{- end }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .restartPolicy }}
restartPolicy: {{ . }}
{{- end }}
{{- with .settings.terminationGracePeriodSeconds }}
terminationGracePeriodSeconds: {{ int . }}
{{- end }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $own := dict "matchLabels" (set (include "tare.selectorLabels" $.root | fromYaml) "app.kubernetes.io/component" $.component) }}
  - {{- hasKey . "labelSelector" | ternary . (set (deepCopy .) "labelSelector" $own) | toYaml | nindent 4 }}
  {{- end }}
{{- end }}
containers:
  - name: tare
    image: {{ include "tare.image" .root | quote }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args: {{ toJson .args }}
    env:
      - { name: TARE_CONFIG, value: /etc/tare/tare.toml }
      - { name: DATABASE_URL_FILE, value: /run/secrets/tare-database/url }
      {{- if eq .component "api" "doctor" }}
      - { name: TARE_SERVE_LISTEN, value: {{ printf "%s:8080" $values.api.address | quote }} }
      {{- end }}
      {{- if $values.tls.existingSecret }}
      - { name: TARE_SERVE_TLS_CERTIFICATE, value: /run/secrets/tare-tls/tls.crt }
      - { name: TARE_SERVE_TLS_KEY, value: /run/secrets/tare-tls/tls.key }
      {{- end }}
      {{- if $values.dockerConfig.existingSecret }}
      - { name: TARE_CRAWL_DOCKER_CONFIG, value: /run/secrets/docker-config/config.json }
      {{- end }}
      {{- with $values.extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
    resources:
      {{- toYaml .settings.resources | nindent 6 }}
    {{- with .container }}
    {{- . | nindent 4 }}
    {{- end }}
    volumeMounts:
      - { name: config, mountPath: /etc/tare, readOnly: true }
      - { name: database, mountPath: /run/secrets/tare-database, readOnly: true }
      {{- range $values.secrets }}
      - { name: secret-{{ .name }}, mountPath: /run/secrets/tare/{{ .name }}, readOnly: true }
      {{- end }}
      {{- if $values.dockerConfig.existingSecret }}
      - { name: docker-config, mountPath: /run/secrets/docker-config, readOnly: true }
      {{- end }}
      {{- if $values.tls.existingSecret }}
      - { name: tls, mountPath: /run/secrets/tare-tls, readOnly: true }
      {{- end }}
      - { name: tmp, mountPath: /tmp }
      {{- range $values.extraVolumeMounts }}
      - {{- hasKey . "readOnly" | ternary . (set (deepCopy .) "readOnly" true) | toYaml | nindent 8 }}
      {{- end }}
volumes:
  - name: config
    configMap: { name: {{ .config }} }
  - name: database
    secret:
      secretName: {{ $values.database.existingSecret | quote }}
      defaultMode: 0440
      items: [{ key: {{ $values.database.key | quote }}, path: url }]
  {{- range $values.secrets }}
  - name: secret-{{ .name }}
    secret: { secretName: {{ .existingSecret | quote }}, defaultMode: 0440 }
  {{- end }}
  {{- with $values.dockerConfig.existingSecret }}
  - name: docker-config
    secret:
      secretName: {{ . | quote }}
      defaultMode: 0440
      items: [{ key: .dockerconfigjson, path: config.json }]
  {{- end }}
  {{- with $values.tls.existingSecret }}
  - name: tls
    secret: { secretName: {{ . | quote }}, defaultMode: 0440 }
  {{- end }}
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
