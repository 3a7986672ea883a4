-- Up Migration
set role sealdesk_owner;

-- For how many minutes after a message its author may edit or delete it; null for never.
alter table sealdesk.tenants add column revision_minutes integer check (revision_minutes between 1 and 43200);

reset role;
