-- Up Migration
set role sealdesk_owner;

-- While the audit key is being replaced, the new key signs the newest head of each log too. Nothing but
-- one more signature of the log's name may be added to the note of that head. The limit leaves room for
-- the cosignatures, because a note with more than 64 lines cannot be read. A log that does not grow
-- reaches it when the key is replaced for the 16th time.
create function audit.only_add_signature() returns trigger language plpgsql as $$
declare
  added text := substring(new.note from length(old.note) + 1);
  prefix text := E'\u2014 ' || split_part(old.note, E'\n', 1) || ' ';
begin
  if new.log = old.log and new.size = old.size and starts_with(new.note, old.note)
    and starts_with(added, prefix)
    -- A key id and an Ed25519 signature, which are 68 bytes.
    and substring(added from length(prefix) + 1) ~ E'^[A-Za-z0-9+/]{91}=\n$'
    and cardinality(string_to_array(old.note, E'\n\u2014 ')) <= 16
    and not exists (select from audit.checkpoints as later where later.log = old.log and later.size > old.size) then
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
