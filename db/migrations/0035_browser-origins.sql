-- Up Migration
set role sealdesk_owner;

-- Origins of web pages (RFC 6454) that may use the server for this tenant. The server's own origin
-- needs no entry.
alter table sealdesk.tenants add column origins text[] not null default '{}';
-- The tenant of a preflight is not known, so all tenants are searched for its origin.
create index on sealdesk.tenants using gin (origins);

reset role;
