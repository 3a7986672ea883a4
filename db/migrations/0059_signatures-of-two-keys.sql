-- Up Migration
set role sealdesk_owner;

-- While the audit key is being replaced, the new key signs the newest head of each log too. Nothing but
-- one more signature may be added to a note.
create function audit.only_add_signature() returns trigger language plpgsql as $$
begin
  if new.log = old.log and new.size = old.size and starts_with(new.note, old.note)
    and substring(new.note from length(old.note) + 1) ~ E'^\u2014 [^ \n]+ [A-Za-z0-9+/]+={0,2}\n$' then
    return new;
  end if;
  raise exception 'the audit log cannot be changed or shortened' using errcode = 'restrict_violation';
end
$$;
drop trigger checkpoints_are_final on audit.checkpoints;
create trigger checkpoints_are_final before update on audit.checkpoints
  for each row execute function audit.only_add_signature();
create trigger checkpoints_are_kept before delete on audit.checkpoints
  for each row execute function audit.refuse_change();
alter table audit.checkpoints enable always trigger checkpoints_are_final;
alter table audit.checkpoints enable always trigger checkpoints_are_kept;
grant update (note) on audit.checkpoints to sealdesk_integrator;

reset role;
