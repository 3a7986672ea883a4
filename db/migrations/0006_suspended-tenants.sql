-- Up Migration
set role sealdesk_owner;

-- While it is set, no user of the tenant can sign in, make a request or keep a socket open.
alter table sealdesk.tenants add column suspended_at_ms bigint;

reset role;
