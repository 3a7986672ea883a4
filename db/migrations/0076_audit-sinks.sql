-- Up Migration
set role sealdesk_owner;

-- How far each sink of AUDIT_SINKS was given each log. A node that delivers goes on from here. After a kill, or
-- after a restore from a backup, entries are delivered again.
create table audit.sink_positions (
  -- The name of the sink.
  sink text not null,
  log uuid not null,
  -- The index of the first entry that the sink was not given.
  next bigint not null check (next >= 0),
  primary key (sink, log)
);
alter table audit.sink_positions enable row level security, force row level security;
create policy integrator on audit.sink_positions to sealdesk_integrator using (true);
grant select, insert, update (next) on audit.sink_positions to sealdesk_integrator;

reset role;
