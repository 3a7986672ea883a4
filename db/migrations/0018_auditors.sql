-- Up Migration
set role sealdesk_owner;

-- Roles that read the audit log, and nothing else.
alter table sealdesk.users drop constraint users_role_check;
alter table sealdesk.users add constraint users_role_check check (
  role in ('customer', 'agent', 'supervisor', 'admin', 'bot', 'auditor', 'compliance_officer')
);

reset role;
