-- Up Migration
set role sealdesk_owner;

-- The identity assurance level (NIST SP 800-63A) that the customer token stated at the sign-in. 0 is no identity proofing.
alter table sealdesk.sessions
  add column assurance smallint not null default 0 check (assurance between 0 and 3);

reset role;
