-- Up Migration
set role sealdesk_owner;

-- Names are sealed under the subject's key. A user name is found by a keyed hash.
alter table sealdesk.users
  drop column username,
  drop column display_name,
  add column username_index bytea check (length(username_index) = 32),
  add column username bytea,
  add column display_name bytea,
  add unique (tenant, username_index);
grant update (display_name) on sealdesk.users to sealdesk_app;

reset role;
