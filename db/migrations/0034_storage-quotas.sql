-- Up Migration
set role sealdesk_owner;

-- What accounts, conversations and tenants store, counted as it changes. So a quota is checked without
-- a sum over the rows. `slot` spreads one count over several rows, so that transactions of different
-- connections do not wait for each other. Their sum is the count.
create table sealdesk.storage_usage (
  tenant uuid not null,
  kind text not null check (kind in (
    -- What the logs of all conversations hold: events, and bytes of ciphertext and packets.
    'messages',
    -- Of that, what one account stored on one day (UTC).
    'messages_of_account',
    -- All attachments, with the bytes that arrived.
    'attachments',
    -- Attachments of one uploader or one conversation, with their full size.
    'attachments_of_account',
    'attachments_of_conversation',
    -- Of the account's attachments, those that are not complete.
    'uploads_of_account')),
  -- The tenant, the account or the conversation.
  owner uuid not null,
  -- Days since the Unix epoch, or 0 if the count is not of one day.
  day integer not null default 0,
  slot smallint not null default 0,
  items bigint not null,
  bytes bigint not null,
  primary key (tenant, kind, owner, day, slot)
) with (fillfactor = 50);

alter table sealdesk.storage_usage enable row level security;
create policy tenant on sealdesk.storage_usage using (tenant = sealdesk.current_tenant());
grant select, insert, update (items, bytes), delete on sealdesk.storage_usage to sealdesk_app;

alter table sealdesk.tenants rename column attachment_device_bytes to attachment_account_bytes;
alter table sealdesk.tenants
  rename constraint tenants_attachment_device_bytes_check to tenants_attachment_account_bytes_check;
alter table sealdesk.tenants
  add column attachment_account_count bigint not null default 20000 check (attachment_account_count > 0),
  add column attachment_tenant_count bigint not null default 5000000 check (attachment_tenant_count > 0),
  -- Uploads of an account that are not complete. One upload of any permitted size always fits.
  add column upload_account_count bigint not null default 32 check (upload_account_count > 0),
  add column upload_account_bytes bigint not null default 1073741824 check (upload_account_bytes > 0),
  -- What an account stores in a day, and the logs of all conversations in total.
  add column message_customer_day_count bigint not null default 20000
    check (message_customer_day_count > 0),
  add column message_customer_day_bytes bigint not null default 268435456
    check (message_customer_day_bytes > 0),
  add column message_staff_day_count bigint not null default 500000 check (message_staff_day_count > 0),
  add column message_staff_day_bytes bigint not null default 4294967296
    check (message_staff_day_bytes > 0),
  add column message_tenant_count bigint not null default 1000000000 check (message_tenant_count > 0),
  add column message_tenant_bytes bigint not null default 1099511627776 check (message_tenant_bytes > 0);

-- The bytes of an upload that arrived.
alter table sealdesk.attachments add column received bigint not null default 0 check (received >= 0);
grant update (received, expires_at_ms) on sealdesk.attachments to sealdesk_app;
update sealdesk.attachments set received = size where state = 'complete';

-- What is there already. An upgrade with very many messages takes as long as reading them.
insert into sealdesk.storage_usage (tenant, kind, owner, items, bytes)
select tenant, 'attachments', tenant, count(*), sum(received) from sealdesk.attachments group by tenant
union all
select tenant, 'attachments_of_account', uploader, count(*), sum(size)
  from sealdesk.attachments group by tenant, uploader
union all
select tenant, 'attachments_of_conversation', conversation, count(*), sum(size)
  from sealdesk.attachments group by tenant, conversation
union all
select tenant, 'uploads_of_account', uploader, count(*), sum(size)
  from sealdesk.attachments where sha256 is null group by tenant, uploader
union all
select tenant, 'messages', tenant, sum(items)::bigint, sum(bytes)::bigint from (
  select tenant, count(*) filter (where kind > 0) as items, sum(length(ciphertext)) as bytes
    from sealdesk.events group by tenant
  union all
  select tenant, 0, sum(length(bytes)) from sealdesk.packets group by tenant) as stored
group by tenant;

-- Counts for whoever changes the rows: the server, or an operator with SQL. One sorted statement, so
-- that two transactions do not wait for each other.
create function sealdesk.count_attachments() returns trigger language plpgsql as $$
declare
  changed text := case tg_op
    when 'INSERT' then 'select *, 1 as sign from new_rows'
    when 'DELETE' then 'select *, -1 as sign from old_rows'
    else 'select *, 1 as sign from new_rows union all select *, -1 as sign from old_rows'
  end;
begin
  execute format($count$
    insert into sealdesk.storage_usage as known (tenant, kind, owner, slot, items, bytes)
    select tenant, kind, owner, slot, sum(counted.items), sum(counted.bytes)
    from (%s) as changed cross join lateral (values
      ('attachments', tenant, get_byte(uuid_send(id), 15) %% 16, sign, sign * received),
      ('attachments_of_account', uploader, 0, sign, sign * size),
      ('attachments_of_conversation', conversation, 0, sign, sign * size),
      ('uploads_of_account', uploader, 0, case when sha256 is null then sign else 0 end,
        case when sha256 is null then sign * size else 0 end)
    ) as counted (kind, owner, slot, items, bytes)
    group by tenant, kind, owner, slot
    having sum(counted.items) <> 0 or sum(counted.bytes) <> 0
    order by tenant, kind, owner, slot
    on conflict (tenant, kind, owner, day, slot) do update
      set items = known.items + excluded.items, bytes = known.bytes + excluded.bytes
  $count$, changed);
  return null;
end
$$;
create trigger attachments_added after insert on sealdesk.attachments
  referencing new table as new_rows for each statement execute function sealdesk.count_attachments();
create trigger attachments_changed after update on sealdesk.attachments
  referencing old table as old_rows new table as new_rows
  for each statement execute function sealdesk.count_attachments();
create trigger attachments_removed after delete on sealdesk.attachments
  referencing old table as old_rows for each statement execute function sealdesk.count_attachments();

-- The server counts what it stores in the statement that stores it. Rows that are removed give their
-- space back here, whoever removes them. A partition that is dropped does so with the next recount.
create function sealdesk.uncount_messages() returns trigger language plpgsql as $$
begin
  insert into sealdesk.storage_usage as known (tenant, kind, owner, items, bytes)
  select tenant, 'messages', tenant, -count(*) filter (where kind > 0), -sum(length(ciphertext))
  from old_rows group by tenant order by tenant
  on conflict (tenant, kind, owner, day, slot) do update
    set items = known.items + excluded.items, bytes = known.bytes + excluded.bytes;
  return null;
end
$$;
create function sealdesk.uncount_packets() returns trigger language plpgsql as $$
begin
  insert into sealdesk.storage_usage as known (tenant, kind, owner, items, bytes)
  select tenant, 'messages', tenant, 0, -sum(length(bytes)) from old_rows group by tenant order by tenant
  on conflict (tenant, kind, owner, day, slot) do update
    set items = known.items + excluded.items, bytes = known.bytes + excluded.bytes;
  return null;
end
$$;
create trigger events_removed after delete on sealdesk.events
  referencing old table as old_rows for each statement execute function sealdesk.uncount_messages();
create trigger packets_removed after delete on sealdesk.packets
  referencing old table as old_rows for each statement execute function sealdesk.uncount_packets();

-- Used prekeys of a device are forgotten above a number, and sessions some time after their end.
grant delete on sealdesk.one_time_prekeys, sealdesk.sessions to sealdesk_app;

reset role;
