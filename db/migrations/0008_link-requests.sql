-- Up Migration
set role sealdesk_owner;

-- A new device asks a registered one for the account key. A row is short-lived: it is deleted when it
-- was collected or withdrawn, or has expired. Only the asking device can open `sealed`.
create table sealdesk.link_requests (
  id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null references sealdesk.users,
  -- The asking device. It is not registered yet, so there is no foreign key.
  device uuid not null,
  device_key bytea not null check (length(device_key) = 32),
  -- X25519, for this request only.
  ephemeral_key bytea not null check (length(ephemeral_key) = 32),
  state text not null default 'pending' check (state in ('pending', 'approved', 'refused')),
  -- The device that approved or refused.
  sibling uuid references sealdesk.devices,
  sealed bytea check (length(sealed) <= 131072),
  created_at_ms bigint not null,
  expires_at_ms bigint not null,
  check ((state = 'pending') = (sibling is null)),
  check ((state = 'approved') = (sealed is not null))
);
create index on sealdesk.link_requests (user_id);
create index on sealdesk.link_requests (tenant, expires_at_ms);

alter table sealdesk.link_requests enable row level security;
create policy tenant on sealdesk.link_requests using (tenant = sealdesk.current_tenant());

grant select, insert, delete on sealdesk.link_requests to sealdesk_app;
grant update (state, sibling, sealed) on sealdesk.link_requests to sealdesk_app;

reset role;
