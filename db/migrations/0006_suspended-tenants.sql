-- Up Migration
set role sealdesk_owner;

-- While it is set, nobody of the tenant signs in, asks for anything or has a socket open.
alter table sealdesk.tenants add column suspended_at_ms bigint;

reset role;
