-- Up Migration
set role sealdesk_owner;

create table sealdesk.conversations (
  id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  suite text not null check (suite in ('signal-v1', 'mls-v1')),
  state text not null default 'open' check (state in ('open', 'closed')),
  created_by uuid not null references sealdesk.users,
  creation_device uuid not null references sealdesk.devices,
  creation_signature bytea not null check (length(creation_signature) = 64),
  created_at_ms bigint not null
);
create index on sealdesk.conversations (tenant, created_at_ms);

-- A membership, from the event that began it to the event that ended it.
create table sealdesk.members (
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null references sealdesk.conversations,
  user_id uuid not null references sealdesk.users,
  role text not null,
  from_seq bigint not null,
  until_seq bigint,
  primary key (conversation, user_id, from_seq)
);
create unique index on sealdesk.members (conversation, user_id) where until_seq is null;
create index on sealdesk.members (user_id);

-- What a device may follow: the events from_seq to until_seq, both included.
create table sealdesk.member_devices (
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null references sealdesk.conversations,
  device uuid not null references sealdesk.devices,
  user_id uuid not null references sealdesk.users,
  from_seq bigint not null,
  until_seq bigint,
  primary key (conversation, device, from_seq)
);
create unique index on sealdesk.member_devices (conversation, device) where until_seq is null;
create index on sealdesk.member_devices (device);

-- One row per epoch: its member devices, and where it starts.
create table sealdesk.epochs (
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null references sealdesk.conversations,
  epoch integer not null,
  from_seq bigint not null,
  devices uuid[] not null,
  primary key (conversation, epoch)
);

-- The first use of a sending key. The rotation limits count from here.
create table sealdesk.sender_keys (
  tenant uuid not null,
  conversation uuid not null,
  key_id uuid not null,
  device uuid not null,
  epoch integer not null,
  first_seq bigint not null,
  started_at_ms bigint not null,
  primary key (conversation, key_id)
);

-- A device has acknowledged everything up to seq. Rows are written often, so they keep room for
-- updates in place.
create table sealdesk.cursors (
  tenant uuid not null,
  conversation uuid not null,
  device uuid not null,
  seq bigint not null,
  primary key (conversation, device)
) with (fillfactor = 50);

alter table sealdesk.conversations enable row level security;
alter table sealdesk.members enable row level security;
alter table sealdesk.member_devices enable row level security;
alter table sealdesk.epochs enable row level security;
alter table sealdesk.sender_keys enable row level security;
alter table sealdesk.cursors enable row level security;
create policy tenant on sealdesk.conversations using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.members using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.member_devices using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.epochs using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.sender_keys using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.cursors using (tenant = sealdesk.current_tenant());

grant select, insert on sealdesk.conversations, sealdesk.members, sealdesk.member_devices,
  sealdesk.epochs, sealdesk.sender_keys, sealdesk.cursors to sealdesk_app;
grant update (state) on sealdesk.conversations to sealdesk_app;
grant update (until_seq) on sealdesk.members, sealdesk.member_devices to sealdesk_app;
grant update (seq) on sealdesk.cursors to sealdesk_app;

reset role;
