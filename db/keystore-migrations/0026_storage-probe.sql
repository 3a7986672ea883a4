-- Up Migration

set role sealdesk_keystore_owner;

-- What the server writes to find out whether the keystore stores anything again. It works as
-- sealdesk.probe_storage does, which may be in another database.
create function keystore.probe_storage() returns void
  language sql security definer set search_path = pg_catalog
  as $$
    create table keystore.storage_probe_rows as select generate_series(1, 8192) as number;
    drop table keystore.storage_probe_rows;
  $$;
revoke all on function keystore.probe_storage() from public;
grant execute on function keystore.probe_storage() to sealdesk_keystore;

reset role;
