-- Up Migration
set role sealdesk_owner;

-- An item that is deferred again may cover a longer time. Two subjects may share one erasure and a conversation.
alter table sealdesk.deferred_erasures drop constraint deferred_erasures_pkey;
alter table sealdesk.deferred_erasures add primary key (tenant, erasure, subject, item, from_ms);
grant update (until_ms) on sealdesk.deferred_erasures to sealdesk_app;

reset role;
