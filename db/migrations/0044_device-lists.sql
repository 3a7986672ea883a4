-- Up Migration
set role sealdesk_owner;

-- The newest list of each account's devices that the account signed. Its devices are those that are not
-- revoked. An account that is reset has none until its next device signs one.
create table sealdesk.device_lists (
  user_id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  version bigint not null check (version > 0),
  issued_at_ms bigint not null,
  valid_until_ms bigint not null,
  signature bytea not null check (length(signature) = 64),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id)
);

alter table sealdesk.device_lists enable row level security;
alter table sealdesk.device_lists force row level security;
create policy tenant on sealdesk.device_lists using (tenant = sealdesk.current_tenant());
grant select, insert, delete on sealdesk.device_lists to sealdesk_app;
grant update (version, issued_at_ms, valid_until_ms, signature) on sealdesk.device_lists to sealdesk_app;

reset role;
