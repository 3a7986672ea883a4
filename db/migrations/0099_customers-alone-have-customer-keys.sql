-- Up Migration
set role sealdesk_owner;

-- A customer token and the key of an anonymous customer sign in to accounts of customers only.
alter table sealdesk.users add constraint users_only_customers_have_customer_keys
  check (role = 'customer' or (anonymous_key is null and subject_index is null));

reset role;
