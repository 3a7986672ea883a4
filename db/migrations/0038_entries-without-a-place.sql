-- Up Migration
set role sealdesk_owner;

-- The integrator's role sees which entries exist, and not what they say. So it finds an entry that was
-- stored and kept out of its log.
grant select (id, tenant) on audit.entries to sealdesk_integrator;
create policy places on audit.entries for select to sealdesk_integrator using (true);

reset role;
