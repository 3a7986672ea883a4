-- Up Migration
set role sealdesk_owner;

-- Accounts change their passwords. The server replaces only a password whose hash it names. So it gives none
-- to an account without a password, and one of two changes at the same time is refused.
create function sealdesk.replace_password(account uuid, present text, replacement text)
  returns boolean
  language sql volatile security definer set search_path = sealdesk, pg_temp
as $$
  with replaced as (
    update users set password_hash = replacement
    where tenant = current_tenant() and id = account and password_hash = present
    returning id)
  select exists (select from replaced)
$$;
revoke execute on function sealdesk.replace_password(uuid, text, text) from public;
grant execute on function sealdesk.replace_password(uuid, text, text) to sealdesk_app;

-- The one link of an account with which its person chooses a new password.
create table sealdesk.password_resets (
  tenant uuid not null references sealdesk.tenants,
  user_id uuid not null,
  -- SHA-256 of the token in the link, which is 256 random bits. The token is stored nowhere.
  token_hash bytea not null check (length(token_hash) = 32),
  created_at_ms bigint not null,
  expires_at_ms bigint not null check (expires_at_ms between created_at_ms and created_at_ms + 86400000),
  primary key (tenant, user_id),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id)
);
alter table sealdesk.password_resets enable row level security, force row level security;
create policy tenant on sealdesk.password_resets using (tenant = sealdesk.current_tenant());
grant select, insert, delete, update (token_hash, created_at_ms, expires_at_ms)
  on sealdesk.password_resets to sealdesk_app;

reset role;
