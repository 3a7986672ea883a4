-- Up Migration
set role sealdesk_owner;

-- API keys may revoke 100 names. The operator may revoke further ones, so that a thief of an API key cannot fill the list.
alter table sealdesk.tenants
  drop constraint tenants_revoked_customer_kids_check,
  add constraint tenants_revoked_customer_kids_check check (cardinality(revoked_customer_kids) <= 200);

reset role;
