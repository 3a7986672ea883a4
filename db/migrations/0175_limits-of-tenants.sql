-- Up Migration
set role sealdesk_owner;

-- What an operator permits this tenant on each node, in place of what the node permits every tenant; null for that. A
-- rate is two numbers, as in the variables of the same names: how many at once, and how many then each second.
alter table sealdesk.tenants
  add column tenant_request_limit text
    check (tenant_request_limit ~ '^[1-9][0-9]{0,8},[0-9]{1,9}(\.[0-9]{1,3})?$'),
  add column tenant_message_limit text
    check (tenant_message_limit ~ '^[1-9][0-9]{0,8},[0-9]{1,9}(\.[0-9]{1,3})?$'),
  add column tenant_conversation_limit text
    check (tenant_conversation_limit ~ '^[1-9][0-9]{0,8},[0-9]{1,9}(\.[0-9]{1,3})?$'),
  add column tenant_byte_limit text
    check (tenant_byte_limit ~ '^[1-9][0-9]{0,8},[0-9]{1,9}(\.[0-9]{1,3})?$'),
  add column tenant_socket_limit integer check (tenant_socket_limit between 1 and 1000000);

reset role;
