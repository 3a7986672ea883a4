-- Up Migration
set role sealdesk_owner;

-- Keys of customer tokens that the server fetches from the tenant's backend, and keys that are refused.
alter table sealdesk.tenants
  add column customer_jwks_url text check (length(customer_jwks_url) <= 2048),
  add column revoked_customer_kids text[] not null default '{}'
    check (cardinality(revoked_customer_kids) <= 100);

reset role;
