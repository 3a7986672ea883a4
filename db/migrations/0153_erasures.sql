-- Up Migration
set role sealdesk_owner;

-- The erasure of a person: a case of the kind "erasure".
create table sealdesk.erasures (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  subject uuid not null,
  -- The provision on which the person relies, such as "GDPR Article 17(1)".
  law text not null check (length(law) between 1 and 200),
  received_at_ms bigint not null,
  -- How long the plan can be contested before anything is destroyed.
  window_ms bigint not null check (window_ms >= 0),
  fenced_at_ms bigint,
  -- The last event of each conversation that the erasure covers.
  fenced_conversations uuid[] not null default '{}',
  fenced_seqs bigint[] not null default '{}',
  -- The signed file, and its SHA-256.
  certificate bytea,
  certificate_digest bytea check (length(certificate_digest) = 32),
  certified_at_ms bigint,
  check ((certificate is null) = (certified_at_ms is null)),
  primary key (tenant, case_id),
  foreign key (tenant, case_id) references sealdesk.cases (tenant, id),
  foreign key (tenant, subject) references sealdesk.users (tenant, id)
);
create index erasures_subject on sealdesk.erasures (tenant, subject);

-- What became of each item. The period is that of the keys; -1 for what has none.
create table sealdesk.erasure_items (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  kind text not null check (kind in
    ('subject_key', 'messages', 'attachments', 'profile', 'devices', 'sessions', 'audit_fields')),
  item uuid not null,
  period integer not null default -1,
  outcome text not null check (outcome in ('erased', 'restricted')),
  records bigint not null default 0,
  keys integer not null default 0,
  at_ms bigint not null,
  -- The audit entry that records it.
  entry bigint,
  citation text check (length(citation) <= 300),
  review_at_ms bigint,
  commitment bytea check (length(commitment) = 32),
  check ((outcome = 'erased') = (entry is not null)),
  check ((outcome = 'restricted') = (citation is not null)),
  primary key (tenant, case_id, kind, item, period),
  foreign key (tenant, case_id) references sealdesk.erasures (tenant, case_id)
);

-- The stores that have removed everything.
create table sealdesk.erasure_stores (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  store text not null check (store in ('keystore', 'database', 'attachments', 'nodes', 'devices')),
  at_ms bigint not null,
  attempts integer not null,
  primary key (tenant, case_id, store),
  foreign key (tenant, case_id) references sealdesk.erasures (tenant, case_id)
);

do $$
declare
  name text;
begin
  foreach name in array array['erasures', 'erasure_items', 'erasure_stores'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
-- A certificate that was issued stays as it is.
create policy certified_once on sealdesk.erasures as restrictive for update
  using (certified_at_ms is null) with check (true);
grant select, insert (tenant, case_id, subject, law, received_at_ms, window_ms),
  update (fenced_at_ms, fenced_conversations, fenced_seqs, certificate, certificate_digest, certified_at_ms)
  on sealdesk.erasures to sealdesk_app;
grant select, insert, update (outcome, records, keys, at_ms, entry, citation, review_at_ms, commitment)
  on sealdesk.erasure_items to sealdesk_app;
grant select, insert on sealdesk.erasure_stores to sealdesk_app;

reset role;
