-- Up Migration
set role sealdesk_owner;

-- The copy of a person's data that an accepted request is answered with: a case of the kind "export". The server keeps no
-- copy. It keeps which events belong to it and their Merkle roots, so that each page can be made again and compared.
create table sealdesk.exports (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  subject uuid not null,
  request uuid not null,
  -- The device that asks for it, writes it and says when it is complete.
  device uuid not null,
  packed_at_ms bigint,
  -- SHA-256 of the record that the device was given.
  record_digest bytea check (length(record_digest) = 32),
  -- The signed file.
  manifest bytea,
  completed_at_ms bigint,
  check ((manifest is null) = (completed_at_ms is null)),
  primary key (tenant, case_id),
  foreign key (tenant, case_id) references sealdesk.cases (tenant, id),
  foreign key (tenant, subject) references sealdesk.users (tenant, id),
  foreign key (tenant, request) references sealdesk.requests (tenant, id),
  foreign key (tenant, device) references sealdesk.devices (tenant, id)
);
create index exports_request on sealdesk.exports (tenant, request);

-- A run of events of one conversation. `root` is the Merkle root (RFC 9162) over the transcript hashes of its events that
-- could still be opened, and `head` the last of these hashes.
create table sealdesk.export_pages (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  number integer not null check (number >= 0),
  conversation uuid not null,
  from_seq bigint not null,
  until_seq bigint not null check (until_seq >= from_seq),
  events integer,
  root bytea check (length(root) = 32),
  head bytea check (length(head) = 32),
  check ((events is null) = (root is null)),
  primary key (tenant, case_id, number),
  foreign key (tenant, case_id) references sealdesk.exports (tenant, case_id),
  foreign key (tenant, conversation) references sealdesk.conversations (tenant, id)
);

do $$
declare
  name text;
begin
  foreach name in array array['exports', 'export_pages'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
-- A manifest that was issued stays as it is.
create policy completed_once on sealdesk.exports as restrictive for update
  using (completed_at_ms is null) with check (true);
grant select, insert (tenant, case_id, subject, request, device),
  update (packed_at_ms, record_digest, manifest, completed_at_ms) on sealdesk.exports to sealdesk_app;
grant select, insert (tenant, case_id, number, conversation, from_seq, until_seq), update (events, root, head)
  on sealdesk.export_pages to sealdesk_app;

reset role;
