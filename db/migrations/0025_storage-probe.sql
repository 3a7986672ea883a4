-- Up Migration
set role sealdesk_owner;

-- What the server writes to find out whether the database stores anything again. It makes a table and
-- drops it in one transaction. So it needs new space on the disk and a commit, and it waits for no lock
-- on an existing table, such as a backup's.
create function sealdesk.probe_storage() returns void
  language sql security definer set search_path = pg_catalog
  as $$
    create table sealdesk.storage_probe_rows as select generate_series(1, 8192) as number;
    drop table sealdesk.storage_probe_rows;
  $$;
revoke all on function sealdesk.probe_storage() from public;
grant execute on function sealdesk.probe_storage() to sealdesk_app;

reset role;
