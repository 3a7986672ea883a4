-- Up Migration
set role sealdesk_owner;

-- When a node last refused to read a log for a sink, because of what the database has of the log. While that was a moment
-- ago, the log does not count in the lag of the sink.
alter table audit.sink_positions add column refused_at timestamptz;
grant update (refused_at) on audit.sink_positions to sealdesk_integrator;

reset role;
