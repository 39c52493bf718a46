#!/bin/sh
# Makes Tare's database and roles when the volume is new: PostgreSQL's image runs this once. Tare is the owner
# of its database and no superuser.
set -eu
psql --no-psqlrc --quiet --username postgres --set ON_ERROR_STOP=1 \
    --set password="$TARE_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE tare LOGIN PASSWORD :'password';
CREATE DATABASE tare OWNER tare;
SQL
psql --no-psqlrc --quiet --username postgres --dbname tare --set owner=tare \
    --set password="$TARE_FINANCE_PASSWORD" --file "${FINANCE_READER:-/etc/tare/finance-reader.sql}"
