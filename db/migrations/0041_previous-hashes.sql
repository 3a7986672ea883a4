-- Up Migration
set role sealdesk_owner;

-- The transcript hash of the event before, or 32 zero bytes for the first event. Devices are told it with
-- every event. It is kept beside the event, so it is still there after the event before was removed, alone
-- or with its month.
alter table sealdesk.events add column previous_hash bytea;

-- A server of an earlier version does not say it.
create function sealdesk.add_previous_hash() returns trigger language plpgsql as $$
begin
  new.previous_hash := case when new.seq = 1 then decode(repeat('00', 32), 'hex') else (
    select before.transcript_hash from sealdesk.events before
    where before.tenant = new.tenant and before.conversation = new.conversation
      and before.seq = new.seq - 1 and before.kind > 0) end;
  return new;
end
$$;
create trigger events_follow before insert on sealdesk.events
  for each row when (new.previous_hash is null and new.kind > 0)
  execute function sealdesk.add_previous_hash();

-- What is there already. An upgrade with very many messages takes as long as writing them again. Where the
-- event before is gone already, its hash is not known.
create policy backfill on sealdesk.events to sealdesk_owner using (true);
update sealdesk.events set previous_hash = decode(repeat('00', 32), 'hex') where seq = 1 and kind > 0;
update sealdesk.events e set previous_hash = before.transcript_hash
from sealdesk.events before
where before.tenant = e.tenant and before.conversation = e.conversation and before.seq = e.seq - 1
  and before.kind > 0 and e.kind > 0;
drop policy backfill on sealdesk.events;

reset role;
