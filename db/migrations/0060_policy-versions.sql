-- Up Migration
set role sealdesk_owner;

-- Acts that need a second person: who asked for what, and who approved it.
create table sealdesk.approvals (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  -- What the approval lets happen, such as policy.approve.
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  -- SHA-256 of everything that the act depends on.
  parameters_hash bytea not null check (length(parameters_hash) = 32),
  reason text not null check (length(reason) between 1 and 300),
  -- The id of an account, or "operator:" and the name of a person.
  requester text not null,
  requested_at_ms bigint not null,
  expires_at_ms bigint not null check (expires_at_ms > requested_at_ms),
  -- Nobody approves their own request.
  approver text check (approver <> requester),
  -- When it was approved, and the act was done in the same transaction.
  executed_at_ms bigint check ((executed_at_ms is null) = (approver is null)),
  withdrawn_at_ms bigint check (withdrawn_at_ms is null or executed_at_ms is null),
  primary key (tenant, id)
);
alter table sealdesk.approvals enable row level security, force row level security;
create policy tenant on sealdesk.approvals using (tenant = sealdesk.current_tenant());
-- A request is answered once.
create policy answered_once on sealdesk.approvals as restrictive for update
  using (executed_at_ms is null and withdrawn_at_ms is null) with check (true);
grant select, insert (tenant, id, action, parameters_hash, reason, requester, requested_at_ms, expires_at_ms),
  update (approver, executed_at_ms, withdrawn_at_ms) on sealdesk.approvals to sealdesk_app;

-- Versions of a tenant's policy. A version says what it changes in the default rules. Until one takes
-- effect, the default rules decide.
create table sealdesk.policy_versions (
  tenant uuid not null references sealdesk.tenants,
  version integer not null check (version > 0),
  changes jsonb not null,
  -- SHA-256 of the changes as canonical JSON.
  hash bytea not null check (length(hash) = 32),
  approval uuid not null,
  -- When it is to take effect; null for the moment of the approval.
  begins_at_ms bigint,
  -- When it takes effect, once it is approved.
  effective_from_ms bigint,
  -- When it was withdrawn, as a draft or before it took effect.
  withdrawn_at_ms bigint,
  -- Whether the audit log says that it took effect.
  is_recorded boolean not null default false,
  primary key (tenant, version),
  unique (tenant, approval),
  foreign key (tenant, approval) references sealdesk.approvals (tenant, id)
);
create index on sealdesk.policy_versions (tenant, effective_from_ms desc, version desc)
  where effective_from_ms is not null and withdrawn_at_ms is null;
alter table sealdesk.policy_versions enable row level security, force row level security;
create policy tenant on sealdesk.policy_versions using (tenant = sealdesk.current_tenant());
grant select, insert (tenant, version, changes, hash, approval, begins_at_ms),
  update (effective_from_ms, withdrawn_at_ms, is_recorded) on sealdesk.policy_versions to sealdesk_app;

-- The clock of the database decides, so a version takes effect on all nodes at the same moment.
create function sealdesk.database_now_ms() returns bigint
  language sql stable parallel safe
  return floor(extract(epoch from statement_timestamp()) * 1000)::bigint;

-- The version of the tenant's policy that is in force; 0 stands for the default rules.
create function sealdesk.policy_version() returns integer
  language sql stable parallel safe
  return coalesce((
    select version from sealdesk.policy_versions
    where tenant = sealdesk.current_tenant() and withdrawn_at_ms is null
      and effective_from_ms <= sealdesk.database_now_ms()
    order by effective_from_ms desc, version desc limit 1), 0);

-- Fails a statement that was planned by another version than the one in force. Returns true.
create function sealdesk.assert_policy_version(expected integer) returns boolean
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
  as $$
begin
  if sealdesk.policy_version() <> expected then
    raise exception using errcode = 'SD001', message = 'another version of the policy is in force';
  end if;
  return true;
end
$$;

reset role;
