-- Up Migration
set role sealdesk_owner;

-- Whether staff may show earlier messages to a colleague, if the conversation's customer has consented.
alter table sealdesk.tenants add column staff_history_grants boolean not null default false;

-- What customers said about showing earlier messages. The latest statement of a user counts. The
-- receipt itself is in the log.
create table sealdesk.consents (
  id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null references sealdesk.conversations,
  user_id uuid not null references sealdesk.users,
  purpose text not null check (purpose in ('history_sharing')),
  state text not null check (state in ('given', 'withdrawn')),
  -- The event that holds the receipt.
  seq bigint not null,
  -- SHA-256 of the receipt. The same receipt again is not a second statement.
  receipt_digest bytea not null check (length(receipt_digest) = 32)
);
create unique index on sealdesk.consents (conversation, user_id, purpose, seq);

-- Which events a member showed to whom. The signed receipt is in the log, at `seq`.
create table sealdesk.history_grants (
  id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null references sealdesk.conversations,
  grantor uuid not null references sealdesk.users,
  recipient uuid not null references sealdesk.users,
  devices uuid[] not null,
  from_seq bigint not null,
  to_seq bigint not null check (to_seq >= from_seq),
  seq bigint not null,
  receipt_digest bytea not null check (length(receipt_digest) = 32)
);

-- Attachments that hold what was shown. Only the devices of the grant may read them, while their users
-- are members.
create table sealdesk.history_packs (
  attachment uuid primary key references sealdesk.attachments on delete cascade,
  tenant uuid not null references sealdesk.tenants,
  history_grant uuid not null references sealdesk.history_grants
);

alter table sealdesk.consents enable row level security;
alter table sealdesk.history_grants enable row level security;
alter table sealdesk.history_packs enable row level security;
create policy tenant on sealdesk.consents using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.history_grants using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.history_packs using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.consents, sealdesk.history_grants to sealdesk_app;
grant select, insert, delete on sealdesk.history_packs to sealdesk_app;

reset role;
