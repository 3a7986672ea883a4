-- Up Migration
set role sealdesk_owner;

-- What the audit key signed about a log that was restored from a backup. Auditors and devices read it.
-- The declarations that two people signed are kept outside the database.
create table audit.restores (
  origin text not null,
  -- 1 for the first restore of the log.
  restores integer not null check (restores > 0),
  -- A signed note: audit/verify/log-restore.ts.
  -- Others may be here too. Only a note with the right signatures counts.
  note text not null
);
create index restores_of_log on audit.restores (origin, restores);

create trigger restores_are_final before update or delete on audit.restores
  for each row execute function audit.refuse_change();
create trigger restores_stay before truncate on audit.restores
  for each statement execute function audit.refuse_change();
alter table audit.restores enable always trigger restores_are_final;
alter table audit.restores enable always trigger restores_stay;

-- A tenant sees those of its own logs. No other tenant learns that it exists.
alter table audit.restores enable row level security;
alter table audit.restores force row level security;
create policy tenant on audit.restores for select to sealdesk_app
  using (origin in (select origin from audit.logs));
create policy integrator on audit.restores for select to sealdesk_integrator using (true);
create policy owner on audit.restores to sealdesk_owner using (true);
grant select on audit.restores to sealdesk_app, sealdesk_integrator;

reset role;
