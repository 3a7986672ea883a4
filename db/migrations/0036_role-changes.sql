-- Up Migration
set role sealdesk_owner;

-- A connected device keeps the role that it connected with. So every node is told of a change, and
-- closes the sockets of that account. The notification is a hint: nodes read the role again.
create function sealdesk.announce_role() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp
  as $$
begin
  perform pg_notify('sealdesk_roles', new.tenant::text || ' ' || new.id::text);
  return null;
end
$$;
create trigger roles_are_announced after update of role on sealdesk.users
  for each row when (old.role is distinct from new.role) execute function sealdesk.announce_role();

reset role;
