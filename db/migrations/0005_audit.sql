-- Up Migration
set role sealdesk_owner;

-- Written in the transaction of the act that it describes, and never changed.
create table audit.entries (
  id bigint generated always as identity primary key,
  tenant uuid not null references sealdesk.tenants,
  -- RFC 8785 canonical JSON, not longer than a C2SP tlog-tiles entry may be.
  entry bytea not null check (length(entry) <= 65535),
  -- RFC 6962 leaf hash. The database computes it, so that no writer can choose it.
  leaf_hash bytea generated always as (sha256('\x00'::bytea || entry)) stored
);
create index on audit.entries (tenant, id);

alter table audit.entries enable row level security;
create policy tenant on audit.entries using (tenant = sealdesk.current_tenant());
grant insert (tenant, entry) on audit.entries to sealdesk_app;
grant select on audit.entries to sealdesk_app;

create function audit.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit entries cannot be changed or removed' using errcode = 'restrict_violation';
end
$$;
create trigger entries_are_final before update or delete on audit.entries
  for each row execute function audit.refuse_change();
create trigger entries_stay before truncate on audit.entries
  for each statement execute function audit.refuse_change();
alter table audit.entries enable always trigger entries_are_final;
alter table audit.entries enable always trigger entries_stay;

reset role;
