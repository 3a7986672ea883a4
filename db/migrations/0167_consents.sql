-- Up Migration
set role sealdesk_owner;

-- What customers consented to, as their devices have signed it. The records of an account are a chain: each names
-- the digest of the one before it. The last record that covers a purpose and a conversation decides.
drop table sealdesk.consents;
create table sealdesk.consents (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  user_id uuid not null,
  number bigint not null check (number > 0),
  -- Null if the record is about the whole account.
  conversation uuid,
  purpose text not null
    check (purpose in ('processing', 'moderation', 'archiving', 'history_sharing', 'analytics')),
  state text not null check (state in ('given', 'withdrawn')),
  expires_at_ms bigint,
  notice_version integer,
  notice_language text,
  device uuid not null,
  record bytea not null check (length(record) <= 2048),
  signature bytea not null check (length(signature) = 64),
  -- SHA-256 of the record.
  digest bytea not null check (length(digest) = 32),
  received_at_ms bigint not null,
  -- The event that places the record in the conversation, and SHA-256 of its receipt.
  seq bigint check ((seq is null) = (conversation is null)),
  receipt_digest bytea check (length(receipt_digest) = 32),
  -- The audit entry that countersigns the record.
  entry bigint not null,
  check ((notice_version is null) = (state = 'withdrawn')),
  check ((notice_version is null) = (notice_language is null)),
  check ((seq is null) = (receipt_digest is null)),
  primary key (tenant, id),
  unique (tenant, user_id, number),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id),
  foreign key (tenant, device) references sealdesk.devices (tenant, id),
  foreign key (tenant, conversation) references sealdesk.conversations (tenant, id),
  foreign key (tenant, notice_version, notice_language)
    references sealdesk.notice_texts (tenant, version, language)
);
create index consents_purpose on sealdesk.consents (tenant, user_id, purpose, number desc);
create index consents_conversation on sealdesk.consents (conversation) where conversation is not null;
alter table sealdesk.consents enable row level security, force row level security;
create policy tenant on sealdesk.consents using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.consents to sealdesk_app;

-- The purposes for which the tenant demands a consent.
alter table sealdesk.tenants add column required_consents text[] not null
  default '{archiving,history_sharing}'
  check (required_consents <@ '{processing,moderation,archiving,history_sharing,analytics}'::text[]);

reset role;
