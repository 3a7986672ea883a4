-- Up Migration
set role sealdesk_owner;

-- One log per conversation, partitioned by month of receipt.
--
-- The log is also the lock. A node numbers events from what it holds in memory and inserts them.
-- (conversation, seq) is unique in each partition. If two nodes give the same number to different
-- events, one of them fails, reads the head again and repeats. Therefore a decision on the facts as
-- of seq N (who is a member, which epoch) was still valid when N + 1 was committed.
--
-- A unique key cannot span partitions. So the first event of a conversation in a new month also
-- writes a marker (kind 0) with its seq into the partition of the event before it. A node whose clock
-- is still in the last month then fails there. Readers skip markers.
create table sealdesk.events (
  tenant uuid not null,
  conversation uuid not null,
  seq bigint not null,
  kind smallint not null,
  sender_device uuid not null,
  epoch integer not null,
  key_id uuid not null,
  client_message_id uuid not null,
  received_at_ms bigint not null,
  ciphertext bytea not null,
  commitment bytea not null,
  franking_tag bytea not null,
  transcript_hash bytea not null
) partition by range (received_at_ms);
-- Ciphertext does not compress.
alter table sealdesk.events alter column ciphertext set storage external;

-- Key material for one device, beside the event that it came with.
create table sealdesk.packets (
  tenant uuid not null,
  conversation uuid not null,
  seq bigint not null,
  device uuid not null,
  received_at_ms bigint not null,
  bytes bytea not null
) partition by range (received_at_ms);
alter table sealdesk.packets alter column bytes set storage external;

alter table sealdesk.events enable row level security;
alter table sealdesk.packets enable row level security;
create policy tenant on sealdesk.events using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.packets using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.events, sealdesk.packets to sealdesk_app;

-- Creates the partitions of the month that contains `at` (UTC), unless they exist. The application
-- may call it. It runs as the owner, because only the owner may create tables.
create function sealdesk.ensure_partitions(at timestamptz) returns void
  language plpgsql security definer set search_path = sealdesk, pg_temp
as $$
declare
  first timestamptz := date_trunc('month', at, 'UTC');
  suffix text := to_char(first at time zone 'UTC', 'YYYY_MM');
  from_ms bigint := extract(epoch from first) * 1000;
  until_ms bigint := extract(epoch from date_trunc('month', first + interval '32 days', 'UTC')) * 1000;
begin
  if to_regclass('sealdesk.events_' || suffix) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('sealdesk.ensure_partitions'));
  if to_regclass('sealdesk.events_' || suffix) is not null then
    return;
  end if;
  execute format('create table sealdesk.events_%s partition of sealdesk.events for values from (%s) to (%s)', suffix, from_ms, until_ms);
  execute format('create unique index events_%s_seq on sealdesk.events_%s (conversation, seq)', suffix, suffix);
  execute format('create unique index events_%s_message on sealdesk.events_%s (conversation, sender_device, client_message_id) where kind = 1', suffix, suffix);
  execute format('create table sealdesk.packets_%s partition of sealdesk.packets for values from (%s) to (%s)', suffix, from_ms, until_ms);
  execute format('create unique index packets_%s_seq on sealdesk.packets_%s (conversation, device, seq)', suffix, suffix);
end
$$;
revoke all on function sealdesk.ensure_partitions(timestamptz) from public;
grant execute on function sealdesk.ensure_partitions(timestamptz) to sealdesk_app;

reset role;
