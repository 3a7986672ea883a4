-- Up Migration
set role sealdesk_owner;

-- What was unusual about the sign-in, as facts of the policy. Each count includes this sign-in.
alter table sealdesk.sessions
  -- The pseudonym that the network has in this tenant on this day (UTC). Its salt is deleted a day later.
  add column network text check (length(network) <= 64),
  -- Sessions that were opened for the account in the last hour.
  add column sign_in_velocity integer not null default 1 check (sign_in_velocity >= 1),
  -- Accounts that signed in from the network on this day.
  add column accounts_on_network integer not null default 1 check (accounts_on_network >= 1);
create index sessions_network on sealdesk.sessions (tenant, network, user_id) where network is not null;
create index sessions_user on sealdesk.sessions (tenant, user_id, created_at_ms);

reset role;
