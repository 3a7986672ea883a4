-- Up Migration
set role sealdesk_owner;

-- As before, but what is restricted keeps its fence. Without it, a node that read the head of a log earlier would store more
-- in a restricted conversation. The restriction removes the fence when it is lifted.
create or replace function sealdesk.lift_fence(erasure uuid) returns boolean
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  withdrawn erasures;
begin
  select e.* into withdrawn from erasures e join cases c on c.tenant = e.tenant and c.id = e.case_id
    where e.tenant = current_tenant() and e.case_id = erasure and c.state = 'withdrawn';
  if not found or exists (
    select from erasures e where e.tenant = current_tenant() and e.subject = withdrawn.subject
      and e.certified_at_ms is not null
  ) then
    return false;
  end if;
  update users set fenced_at_ms = null
    where tenant = current_tenant() and id = withdrawn.subject and erased_at_ms is null;
  -- The fence has taken the next number of each log.
  delete from events e using unnest(withdrawn.fenced_conversations, withdrawn.fenced_seqs) as f (conversation, seq)
    where e.tenant = current_tenant() and e.conversation = f.conversation and e.seq = f.seq + 1 and e.kind = 0
      and not exists (
        select from restricted_conversations r where r.tenant = e.tenant and r.conversation = e.conversation);
  return true;
end
$$;

reset role;
