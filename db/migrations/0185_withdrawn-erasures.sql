-- Up Migration
set role sealdesk_owner;

-- The request that began the erasure. It is answered when the certificate is signed.
alter table sealdesk.erasures
  add column request uuid,
  add foreign key (tenant, request) references sealdesk.requests (tenant, id),
  add unique (tenant, request);
grant insert (request), update (request) on sealdesk.erasures to sealdesk_app;

-- Accepts what the person of a withdrawn erasure sends again. Nothing of an erasure that is withdrawn was destroyed. The
-- fence of an earlier erasure, which was certified, stays.
create function sealdesk.lift_fence(erasure uuid) returns boolean
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
    where e.tenant = current_tenant() and e.conversation = f.conversation and e.seq = f.seq + 1 and e.kind = 0;
  return true;
end
$$;
revoke all on function sealdesk.lift_fence(uuid) from public;
grant execute on function sealdesk.lift_fence(uuid) to sealdesk_app;

-- The links of the page of a request. A new link for the person revokes the earlier ones.
create table sealdesk.request_links (
  tenant uuid not null references sealdesk.tenants,
  link_hash bytea not null check (octet_length(link_hash) = 32),
  request uuid not null,
  made_at_ms bigint not null,
  revoked_at_ms bigint,
  primary key (tenant, link_hash),
  foreign key (tenant, request) references sealdesk.requests (tenant, id)
);
create index request_links_of_request on sealdesk.request_links (tenant, request);
alter table sealdesk.request_receipts no force row level security;
insert into sealdesk.request_links (tenant, link_hash, request, made_at_ms)
  select tenant, link_hash, request, recorded_at_ms from sealdesk.request_receipts;
alter table sealdesk.request_receipts force row level security;
alter table sealdesk.request_links enable row level security, force row level security;
create policy tenant on sealdesk.request_links using (tenant = sealdesk.current_tenant());
create policy revoked_once on sealdesk.request_links as restrictive for update
  using (revoked_at_ms is null) with check (true);
grant select, insert (tenant, link_hash, request, made_at_ms), update (revoked_at_ms)
  on sealdesk.request_links to sealdesk_app;

-- A receipt that staff record again gives nobody a link.
alter table sealdesk.request_receipts drop constraint request_receipts_pkey, drop column link_hash,
  add column number bigint generated always as identity,
  add primary key (tenant, number);

reset role;
