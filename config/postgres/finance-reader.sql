-- Creates the role tare_finance_reader, which can read the views of the schema finance and nothing else: for Grafana,
-- spreadsheets and people who only read figures. An administrator runs it, before or after Tare's first start. It can
-- be run again at any time:
--
--     psql --dbname tare --set owner=tare --set password="$(cat finance-reader.password)" \
--         --file config/postgres/finance-reader.sql
--
-- owner is the role that Tare connects with. Without a password the role cannot log in; grant it to a role that can,
-- with GRANT tare_finance_reader TO …. Run this as a role that may create roles (Tare's own role need not) and that owns
-- the database or is a superuser. The embedded database has a single user and no port, so it has no such role; use
-- /v1/exports there.

\set ON_ERROR_STOP on
\if :{?owner}
\else
\set owner tare
\endif

BEGIN;

SET client_min_messages = warning;
SELECT 'CREATE ROLE tare_finance_reader NOLOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tare_finance_reader') \gexec
\if :{?password}
ALTER ROLE tare_finance_reader LOGIN PASSWORD :'password';
\endif
ALTER ROLE tare_finance_reader NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 20;

-- In addition to the missing rights: read-only transactions, and a time limit for forgotten queries.
ALTER ROLE tare_finance_reader SET default_transaction_read_only = on;
ALTER ROLE tare_finance_reader SET statement_timeout = '30s';
ALTER ROLE tare_finance_reader SET search_path = finance;

-- Revoke what PostgreSQL allows everybody by default.
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO tare_finance_reader', current_database()) \gexec
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";

-- The views that are there, and those that later versions of Tare bring.
CREATE SCHEMA IF NOT EXISTS finance AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA finance TO tare_finance_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA finance TO tare_finance_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA finance GRANT SELECT ON TABLES TO tare_finance_reader;

COMMIT;
