-- Up Migration
set role sealdesk_owner;

-- The reads by staff for which a purpose of use must be stated, and the codes that the tenant accepts beside those of
-- HL7. The application checks both lists.
alter table sealdesk.tenants
  add column purpose_reads text[] not null default '{}',
  add column purpose_codes text[] not null default '{}';

reset role;
