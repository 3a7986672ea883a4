-- Up Migration
set role sealdesk_owner;

-- Whether customers of the tenant may sign in without a customer token.
alter table sealdesk.tenants add column anonymous_customers boolean not null default false;

-- The key of the device that began the account without a customer token. The customer is anonymous while there is no
-- `subject_index`. The key stays afterwards, so that the device cannot begin another account.
alter table sealdesk.users
  add column anonymous_key bytea check (length(anonymous_key) = 32),
  add constraint users_tenant_anonymous_key_key unique (tenant, anonymous_key);
grant insert (anonymous_key) on sealdesk.users to sealdesk_app;
create index users_anonymous on sealdesk.users (tenant, created_at_ms)
  where anonymous_key is not null and subject_index is null;

alter table sealdesk.sessions
  drop constraint sessions_method_check,
  add constraint sessions_method_check check (method in ('password', 'passkey', 'customer_token', 'oidc', 'anonymous'));

-- The application gives a subject only to an account that has none, so that no account passes to another customer.
create function sealdesk.identify_customer(account uuid, subject bytea)
  returns boolean
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  with identified as (
    update users set subject_index = subject
    where tenant = current_tenant() and id = account and role = 'customer'
      and anonymous_key is not null and subject_index is null and subject is not null
    returning id)
  select exists (select from identified)
$$;
revoke execute on function sealdesk.identify_customer(uuid, bytea) from public;
grant execute on function sealdesk.identify_customer(uuid, bytea) to sealdesk_app;

-- Deletes an anonymous account to which nothing refers. Foreign keys refuse any other.
create function sealdesk.delete_anonymous_account(account uuid)
  returns boolean
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  with deleted as (
    delete from users
    where tenant = current_tenant() and id = account and role = 'customer'
      and anonymous_key is not null and subject_index is null
    returning id)
  select exists (select from deleted)
$$;
revoke execute on function sealdesk.delete_anonymous_account(uuid) from public;
grant execute on function sealdesk.delete_anonymous_account(uuid) to sealdesk_app;

reset role;
