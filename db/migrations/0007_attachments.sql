-- Up Migration
set role sealdesk_owner;

-- Limits in bytes of ciphertext: for one attachment, and for everything that a conversation, the
-- uploads of a device, and the tenant hold at a time.
alter table sealdesk.tenants
  add column attachment_max_bytes bigint not null default 104857600
    check (attachment_max_bytes between 1 and 1099511627776),
  add column attachment_conversation_bytes bigint not null default 2147483648
    check (attachment_conversation_bytes > 0),
  add column attachment_device_bytes bigint not null default 5368709120
    check (attachment_device_bytes > 0),
  add column attachment_tenant_bytes bigint not null default 107374182400
    check (attachment_tenant_bytes > 0);

-- What the attachment store holds, and whose it is. The bytes are ciphertext. Name, type and key are
-- only in the message. A row is removed after its bytes, so that no stored bytes are unknown.
create table sealdesk.attachments (
  id uuid primary key,
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null references sealdesk.conversations,
  uploader uuid not null references sealdesk.users,
  device uuid not null references sealdesk.devices,
  size bigint not null check (size > 0),
  state text not null default 'uploading' check (state in ('uploading', 'complete', 'deleting')),
  -- Digest of the stored bytes, computed while they were received.
  sha256 bytea check (length(sha256) = 32),
  -- The conversation's last event when the upload completed. Members at that time may read it.
  seq bigint,
  created_at_ms bigint not null,
  -- An upload that is not complete at this time is removed.
  expires_at_ms bigint not null,
  check (state <> 'complete' or (sha256 is not null and seq is not null))
);
create index on sealdesk.attachments (conversation);
create index on sealdesk.attachments (device);
create index on sealdesk.attachments (tenant, state);

-- The conversations that need an attachment. It is removed with its last reference.
create table sealdesk.attachment_references (
  tenant uuid not null references sealdesk.tenants,
  attachment uuid not null references sealdesk.attachments on delete cascade,
  conversation uuid not null references sealdesk.conversations,
  primary key (attachment, conversation)
);
create index on sealdesk.attachment_references (conversation);

alter table sealdesk.attachments enable row level security;
alter table sealdesk.attachment_references enable row level security;
create policy tenant on sealdesk.attachments using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.attachment_references using (tenant = sealdesk.current_tenant());

grant select, insert, delete on sealdesk.attachments, sealdesk.attachment_references to sealdesk_app;
grant update (state, sha256, seq) on sealdesk.attachments to sealdesk_app;

reset role;
