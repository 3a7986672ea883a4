-- Up Migration
set role sealdesk_owner;

-- The roles whose accounts must have a second factor.
alter table sealdesk.tenants add column second_factor_roles text[] not null default '{}';

reset role;
