#!/bin/sh
# Runs once, when PostgreSQL creates its cluster. Creates the server's login, which is a member of the two
# roles that row-level security confines, and owns nothing.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-psqlrc \
  --set ON_ERROR_STOP=1 --set password="$SERVER_PASSWORD" <<'SQL'
create role sealdesk_app nologin;
create role sealdesk_keystore nologin;
create role sealdesk_server login password :'password' in role sealdesk_app, sealdesk_keystore;
SQL
