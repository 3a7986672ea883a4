-- Up Migration
set role sealdesk_owner;

-- What the server writes to find out whether the database stores anything again. The column is not
-- compressed, and each probe makes a new file, so a full disk refuses it.
create table sealdesk.storage_probe (bytes text not null);
alter table sealdesk.storage_probe alter column bytes set storage external;

create function sealdesk.probe_storage() returns void
  language sql security definer set search_path = pg_catalog
  as $$
    truncate sealdesk.storage_probe;
    insert into sealdesk.storage_probe values (repeat('x', 262144));
  $$;
revoke all on function sealdesk.probe_storage() from public;
grant execute on function sealdesk.probe_storage() to sealdesk_app;

reset role;
