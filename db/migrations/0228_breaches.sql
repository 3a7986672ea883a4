-- Up Migration
set role sealdesk_owner;

-- A breach of the security of data: a case of the kind "breach". It says what was taken and when, from where each law counts,
-- and how far the containment is.
create table sealdesk.breaches (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  -- What happened, for the letters: one line without names of people.
  description text not null check (length(description) between 1 and 200),
  -- What was taken, and the state of it that was taken: see policies/breach/exposure.ts.
  taken jsonb not null check (jsonb_typeof(taken) = 'array'),
  regimes text[] not null check (cardinality(regimes) > 0),
  -- The starting points of the clocks.
  discovered_at_ms bigint not null,
  aware_at_ms bigint not null,
  classified_at_ms bigint,
  -- Where the days of the clocks end (IANA).
  time_zone text not null check (length(time_zone) between 1 and 64),
  opened_by text not null check (length(opened_by) <= 200),
  -- The last account that was assessed, and when all of them were.
  assessed_until uuid,
  assessed_at_ms bigint,
  sessions_revoked_at_ms bigint,
  sessions_revoked integer not null default 0,
  -- The version of the key-encryption key before it was rotated, and when all keys were wrapped under the next one.
  kek_version integer,
  rewrapped_at_ms bigint,
  closing_reason text check (length(closing_reason) between 1 and 200),
  primary key (tenant, case_id),
  foreign key (tenant, case_id) references sealdesk.cases (tenant, id)
);

-- What is exposed about each account: codes, no personal data.
create table sealdesk.breach_subjects (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  subject uuid not null,
  exposures text[] not null check (cardinality(exposures) > 0),
  primary key (tenant, case_id, subject),
  foreign key (tenant, case_id) references sealdesk.breaches (tenant, case_id),
  foreign key (tenant, subject) references sealdesk.users (tenant, id)
);

-- The notices that were sent, and those that an officer found not to be due, on which ground.
create table sealdesk.breach_notices (
  tenant uuid not null references sealdesk.tenants,
  case_id uuid not null,
  duty text not null check (duty ~ '^[a-z0-9_]{1,40}[.][a-z_]{1,40}$'),
  sent_at_ms bigint,
  ground text check (length(ground) between 1 and 200),
  recorded_by text not null check (length(recorded_by) <= 200),
  recorded_at_ms bigint not null,
  check ((sent_at_ms is null) <> (ground is null)),
  primary key (tenant, case_id, duty),
  foreign key (tenant, case_id) references sealdesk.breaches (tenant, case_id)
);

do $$
declare
  name text;
begin
  foreach name in array array['breaches', 'breach_subjects', 'breach_notices'] loop
    execute format('alter table sealdesk.%I enable row level security, force row level security', name);
    execute format('create policy tenant on sealdesk.%I using (tenant = sealdesk.current_tenant())', name);
  end loop;
end
$$;
grant select, insert (tenant, case_id, description, taken, regimes, discovered_at_ms, aware_at_ms, classified_at_ms, time_zone,
    opened_by),
  update (taken, classified_at_ms, assessed_until, assessed_at_ms, sessions_revoked_at_ms, sessions_revoked, kek_version,
    rewrapped_at_ms, closing_reason)
  on sealdesk.breaches to sealdesk_app;
grant select, insert, update (exposures) on sealdesk.breach_subjects to sealdesk_app;
grant select, insert on sealdesk.breach_notices to sealdesk_app;

reset role;
