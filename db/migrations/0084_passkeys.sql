-- Up Migration
set role sealdesk_owner;

-- The passkeys of accounts (Web Authentication Level 3). Each is a second factor, and signs in alone.
create table sealdesk.passkeys (
  tenant uuid not null references sealdesk.tenants,
  id uuid not null,
  user_id uuid not null,
  -- The authenticator's id of the credential, and its public key (COSE_Key, RFC 9052).
  credential_id bytea not null check (length(credential_id) between 1 and 1023),
  public_key bytea not null,
  -- The domain of the page that it was made on.
  rp_id text not null,
  -- How often it was used, as the authenticator says. Authenticators that synchronise say 0.
  counter bigint not null check (counter >= 0),
  transports text[] not null,
  -- Whether it may be copied to other devices of the person, and was.
  is_synced boolean not null,
  is_backed_up boolean not null,
  -- What the person calls it, sealed under the person's key.
  name bytea not null,
  created_at_ms bigint not null,
  last_used_at_ms bigint,
  primary key (tenant, id),
  unique (tenant, credential_id),
  foreign key (tenant, user_id) references sealdesk.users (tenant, id)
);
create index passkeys_of_a_user on sealdesk.passkeys (tenant, user_id);

-- SHA-256 of each challenge that was answered, until it expires. So no answer serves twice.
create table sealdesk.answered_challenges (
  tenant uuid not null references sealdesk.tenants,
  challenge_hash bytea not null check (length(challenge_hash) = 32),
  expires_at_ms bigint not null,
  primary key (tenant, challenge_hash)
);

alter table sealdesk.sessions drop constraint sessions_method_check;
alter table sealdesk.sessions add constraint sessions_method_check
  check (method in ('password', 'customer_token', 'oidc', 'passkey'));

alter table sealdesk.passkeys enable row level security, force row level security;
alter table sealdesk.answered_challenges enable row level security, force row level security;
create policy tenant on sealdesk.passkeys using (tenant = sealdesk.current_tenant());
create policy tenant on sealdesk.answered_challenges using (tenant = sealdesk.current_tenant());
grant select, insert, delete, update (counter, is_backed_up, name, last_used_at_ms)
  on sealdesk.passkeys to sealdesk_app;
grant select, insert, delete on sealdesk.answered_challenges to sealdesk_app;

reset role;
