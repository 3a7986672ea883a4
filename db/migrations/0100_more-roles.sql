-- Up Migration
set role sealdesk_owner;

-- A moderator, a privacy officer, and a records archiver, which is a visible member that only receives.
alter table sealdesk.users drop constraint users_role_check;
alter table sealdesk.users add constraint users_role_check check (
  role in ('customer', 'agent', 'supervisor', 'moderator', 'admin', 'bot', 'archiver', 'auditor',
    'compliance_officer', 'privacy_officer')
);

reset role;
