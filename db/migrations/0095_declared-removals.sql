-- Up Migration
set role sealdesk_owner;

-- How many entries of a log prunes set out to remove, in all. It is stored before anything is removed, so PostgreSQL's
-- counts of removed rows are explained even if a prune is rolled back.
alter table audit.logs add column removals bigint not null default 0 check (removals >= 0);

create or replace function audit.refuse_all_but_pruning() returns trigger language plpgsql as $$
begin
  if (new.id, new.origin) = (old.id, old.origin)
    and new.minimum_index >= old.minimum_index and new.removals >= old.removals then
    return new;
  end if;
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$$;

reset role;
