-- Up Migration
set role sealdesk_owner;

-- An inverted index of each tenant's audit log, in segments of 4,096 entries. A search reads only the
-- entries that it names. Each node builds it from entries that it has checked, and compares it with
-- them again and again. A segment without a row is searched entry by entry.
create table audit.index_segments (
  log uuid not null,
  segment bigint not null check (segment >= 0),
  -- The earliest and the latest time of an entry. Milliseconds since the Unix epoch.
  from_ms bigint not null,
  until_ms bigint not null,
  primary key (log, segment)
);
create table audit.index_postings (
  log uuid not null,
  segment bigint not null,
  -- Identifies a field and its value: audit/search/terms.ts.
  term integer not null,
  -- The places in the segment of the entries with this term: 2 bytes each, big-endian, ascending.
  places bytea not null check (length(places) between 2 and 8192 and length(places) % 2 = 0),
  primary key (log, segment, term)
);

alter table audit.index_segments enable row level security;
alter table audit.index_postings enable row level security;
alter table audit.index_segments force row level security;
alter table audit.index_postings force row level security;
create policy tenant on audit.index_segments to sealdesk_app
  using (log = sealdesk.current_tenant());
create policy tenant on audit.index_postings to sealdesk_app
  using (log = sealdesk.current_tenant());
create policy owner on audit.index_segments to sealdesk_owner
  using (log = sealdesk.current_tenant());
create policy owner on audit.index_postings to sealdesk_owner
  using (log = sealdesk.current_tenant());
grant select, insert, delete on audit.index_segments, audit.index_postings to sealdesk_app;

reset role;
