-- Up Migration
set role sealdesk_owner;

-- Whether the accounting of disclosures lists treatment, payment and health care operations, which 45 CFR
-- 164.528(a)(1)(i) exempts.
alter table sealdesk.tenants add column accounting_operations boolean not null default false;

reset role;
