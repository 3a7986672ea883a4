-- Up Migration
set role sealdesk_owner;

-- Requests that came by e-mail. Nothing counts, and no clock runs, before somebody opens the link that was sent to the
-- address. The address itself is not stored: the hash is keyed, and deleted when the link expires.
create table sealdesk.email_requests (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  address_hash bytea not null check (octet_length(address_hash) = 32),
  link_hash bytea not null check (octet_length(link_hash) = 32),
  "right" text not null check ("right" ~ '^[a-z_]{1,40}$'),
  residence text check (residence ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  -- The id of an account, or "operator:" and the name of a person.
  recorded_by text not null check (length(recorded_by) <= 200),
  received_at_ms bigint not null,
  expires_at_ms bigint not null check (expires_at_ms > received_at_ms),
  -- The request that it has become.
  request uuid,
  primary key (tenant, id),
  unique (tenant, link_hash),
  foreign key (tenant, request) references sealdesk.requests (tenant, id)
);
create index email_requests_of_address on sealdesk.email_requests (tenant, address_hash);
create index email_requests_expiring on sealdesk.email_requests (tenant, expires_at_ms);
alter table sealdesk.email_requests enable row level security, force row level security;
create policy tenant on sealdesk.email_requests using (tenant = sealdesk.current_tenant());
create policy verified_once on sealdesk.email_requests as restrictive for update to sealdesk_app
  using (request is null) with check (true);
grant select, delete, insert (tenant, id, address_hash, link_hash, "right", residence, recorded_by, received_at_ms, expires_at_ms),
  update (request) on sealdesk.email_requests to sealdesk_app;

alter table sealdesk.request_receipts drop constraint request_receipts_channel_check,
  add constraint request_receipts_channel_check check (channel in ('customer', 'staff', 'email'));

-- Says whose an open request is of which nobody knew it. It is said once.
create function sealdesk.assign_request(of_request uuid, person uuid) returns boolean
  language sql security definer set search_path = sealdesk, pg_temp
as $$
  with assigned as (
    update cases set subject = person
    where tenant = current_tenant() and id = of_request and kind = 'request' and subject is null
      and ended_at_ms is null
    returning id)
  select exists (select from assigned)
$$;
revoke all on function sealdesk.assign_request(uuid, uuid) from public;
grant execute on function sealdesk.assign_request(uuid, uuid) to sealdesk_app;

-- Moves the receipts and the links of a request, which is over, to the open one of the same person for the same.
create function sealdesk.merge_request(merged uuid, into_request uuid) returns void
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
begin
  if not exists (select from cases where tenant = current_tenant() and id = merged and state = 'merged') then
    raise exception 'the request is not merged' using errcode = 'check_violation';
  end if;
  update request_receipts set request = into_request where tenant = current_tenant() and request = merged;
  update request_links set request = into_request where tenant = current_tenant() and request = merged;
  update email_requests set request = into_request, residence = null where tenant = current_tenant() and request = merged;
  -- The other request has its own.
  update requests set residence = null where tenant = current_tenant() and id = merged;
end
$$;
revoke all on function sealdesk.merge_request(uuid, uuid) from public;
grant execute on function sealdesk.merge_request(uuid, uuid) to sealdesk_app;

reset role;
