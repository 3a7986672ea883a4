-- Up Migration
set role sealdesk_owner;

-- Consecutive wrong codes of the authenticator app. A right code or a recovery code sets it to 0. At 100 the app
-- proves nothing any more.
alter table sealdesk.totp_factors add column wrong_codes smallint not null default 0
  check (wrong_codes between 0 and 100);
grant update (wrong_codes) on sealdesk.totp_factors to sealdesk_app;

reset role;
