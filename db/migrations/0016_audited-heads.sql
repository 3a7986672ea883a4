-- Up Migration
set role sealdesk_owner;

-- Up to which event the audit log records each conversation's transcript hash.
create table sealdesk.audited_heads (
  tenant uuid not null references sealdesk.tenants,
  conversation uuid not null references sealdesk.conversations,
  seq bigint not null,
  primary key (conversation)
) with (fillfactor = 50);

alter table sealdesk.audited_heads enable row level security;
create policy tenant on sealdesk.audited_heads using (tenant = sealdesk.current_tenant());
grant select, insert on sealdesk.audited_heads to sealdesk_app;
grant update (seq) on sealdesk.audited_heads to sealdesk_app;

reset role;
