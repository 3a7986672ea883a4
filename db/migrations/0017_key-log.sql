-- Up Migration
set role sealdesk_owner;

-- Each tenant has a key log beside its audit log. Its id is derived from the tenant's: the first 16
-- bytes of SHA-256("sealdesk/key-log/v1 " || tenant).
create function audit.key_log(tenant uuid) returns uuid
  language sql immutable parallel safe strict
  return encode(substring(sha256(('sealdesk/key-log/v1 ' || tenant::text)::bytea) for 16), 'hex')::uuid;

create policy keys on audit.entries to sealdesk_app
  using (tenant = audit.key_log(sealdesk.current_tenant()))
  with check (tenant = audit.key_log(sealdesk.current_tenant()));
create policy keys on audit.logs for select to sealdesk_app
  using (id = audit.key_log(sealdesk.current_tenant()));
create policy keys on audit.leaves for select to sealdesk_app
  using (log = audit.key_log(sealdesk.current_tenant()));
create policy keys on audit.tiles for select to sealdesk_app
  using (log = audit.key_log(sealdesk.current_tenant()));
create policy keys on audit.trees for select to sealdesk_app
  using (log = audit.key_log(sealdesk.current_tenant()));
create policy keys on audit.checkpoints for select to sealdesk_app
  using (log = audit.key_log(sealdesk.current_tenant()));

-- The user of each entry. The entry itself names its user and version too.
create table sealdesk.key_entries (
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null references sealdesk.users,
  -- 1, 2, 3 and so on for each user, so that none can be left out in between.
  version integer not null check (version > 0),
  entry bigint not null unique,
  primary key (user_id, version)
);
alter table sealdesk.key_entries enable row level security;
create policy tenant on sealdesk.key_entries using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.key_entries to sealdesk_app;

-- Devices that existed before the log. The text is the canonical one of crypto/wire/key-entry.ts.
do $$
declare
  change record;
  logged bigint;
begin
  for change in
    select *, row_number() over (partition by user_id order by at, name, id) as version from (
      select d.*, u.account_key, 'device_added' as name, d.created_at_ms as at
      from sealdesk.devices d join sealdesk.users u on u.id = d.user_id
      where u.account_key is not null
      union all
      select d.*, u.account_key, 'device_removed', d.revoked_at_ms
      from sealdesk.devices d join sealdesk.users u on u.id = d.user_id
      where u.account_key is not null and d.revoked_at_ms is not null
    ) as changes order by at, name, id
  loop
    insert into audit.entries (tenant, entry) values (
      audit.key_log(change.tenant),
      format(
        '{"accountKey":"%s","certificate":"%s","change":"%s","device":"%s","deviceKey":"%s","identityKey":"%s","receiptKey":"%s","tenant":"%s","type":"key_change","user":"%s","version":%s}',
        translate(encode(change.account_key, 'base64'), E'+/=\n', '-_'),
        translate(encode(change.certificate, 'base64'), E'+/=\n', '-_'),
        change.name, change.id,
        translate(encode(change.device_key, 'base64'), E'+/=\n', '-_'),
        translate(encode(change.identity_key, 'base64'), E'+/=\n', '-_'),
        translate(encode(change.receipt_key, 'base64'), E'+/=\n', '-_'),
        change.tenant, change.user_id, change.version
      )::bytea
    ) returning id into logged;
    insert into sealdesk.key_entries (tenant, user_id, version, entry)
    values (change.tenant, change.user_id, change.version, logged);
  end loop;
end
$$;

reset role;
