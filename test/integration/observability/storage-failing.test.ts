import { Conversing } from "../../support/conversing.ts";
import { TestDevice } from "../../support/device.ts";
import { messageTo } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const reasons = async (): Promise<readonly string[]> => {
  const answer = await fetch(`${server.url}/readyz`);
  return ((await answer.json()) as { reasons?: readonly string[] }).reasons ?? [];
};
const isFailing = async () => (await reasons()).includes("storage_failing");

const sql = (text: string) => server.database.owner.query(text);
const probeSource = async (): Promise<string> => {
  const { rows } = await server.database.owner.query<{ text: string }>(
    "select pg_get_functiondef('sealdesk.probe_storage()'::regprocedure) as text",
  );
  return rows[0]?.text ?? "";
};
const failedProbes = async (): Promise<number> => {
  const { rows } = await server.database.owner.query<{ last_value: number }>(
    "select last_value from sealdesk.test_probes",
  );
  return Number(rows[0]?.last_value);
};

test("the server is not ready while the database has no room, and then stores waiting messages", async () => {
  const pair = await Conversing.begin(server, [server, server]);
  await pair.say("customer");
  expect(await isFailing()).toBe(false);

  // What PostgreSQL answers when its disk is full. The sequence counts what was tried: it rolls nothing back.
  await sql(`
    create sequence sealdesk.test_probes;
    grant usage on sequence sealdesk.test_probes to sealdesk_owner;
    create function sealdesk.test_no_room() returns trigger language plpgsql security definer as $$
      begin
        raise exception 'could not extend file: No space left on device' using errcode = '53100';
      end $$;
    create trigger no_room before insert on sealdesk.events
      for each row execute function sealdesk.test_no_room();`);
  const probe = await probeSource();
  await sql(`create or replace function sealdesk.probe_storage() returns void
    language plpgsql security definer as $$
      begin
        perform nextval('sealdesk.test_probes');
        raise exception 'could not extend file: No space left on device' using errcode = '53100';
      end $$`);
  const send = messageTo(pair.id, [pair.agent.device]);
  const answer = pair.customer.socket.post(send);
  await until(isFailing);
  await answer.catch(() => undefined);

  // Nobody sends any more, and the server goes on asking the database.
  const before = await failedProbes();
  await until(async () => (await failedProbes()) >= before + 2);
  expect(await isFailing()).toBe(true);

  await sql(`drop trigger no_room on sealdesk.events`);
  await sql(probe);
  await until(async () => !(await isFailing()));
  await pair.say("customer");
});

test("a database that becomes read-only and writable again is told, and found writable", async () => {
  const pair = await Conversing.begin(server, [server, server]);
  await pair.say("agent");
  const { rows } = await server.database.owner.query<{ name: string }>(
    "select current_database() as name",
  );
  const name = rows[0]?.name ?? "";
  // As after a failover: the sessions end, and the new ones lead to a server that stores nothing.
  const switchTo = async (setting: "on" | "off") => {
    await sql(`set default_transaction_read_only = off`);
    await sql(`alter database "${name}" set default_transaction_read_only = ${setting}`);
    await sql(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
  };
  await switchTo("on");
  const refused = await new TestDevice(server).signInAsCustomer("somebody", server.tenant);
  expect(refused).toMatchObject({ status: 503, body: { code: "not_ready", action: "wait" } });
  const answer = pair.customer.socket.post(messageTo(pair.id, [pair.agent.device]));
  await until(isFailing);
  await switchTo("off");
  await until(async () => !(await isFailing()));
  await answer.catch(() => undefined);
  await pair.say("agent");
});

/** Makes the next message fail as if the disk were full. @returns what makes room again */
async function withoutRoom(pair: Conversing): Promise<() => Promise<unknown>> {
  await sql(`
    create function sealdesk.test_full() returns trigger language plpgsql as $$
      begin raise exception 'no room' using errcode = '53100'; end $$;
    create trigger full_disk before insert on sealdesk.events
      for each row execute function sealdesk.test_full();`);
  void pair.customer.socket.post(messageTo(pair.id, [pair.agent.device])).catch(() => undefined);
  await until(isFailing);
  return () =>
    sql(`create or replace function sealdesk.test_full() returns trigger language plpgsql as $$
      begin return new; end $$`);
}

test("a backup, which holds locks on every table, does not keep the server from becoming ready", async () => {
  const pair = await Conversing.begin(server, [server, server]);
  await pair.say("customer");
  const makeRoom = await withoutRoom(pair);
  const backup = await server.database.owner.connect();
  try {
    await backup.query("begin");
    const { rows } = await backup.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname in ('sealdesk', 'audit', 'keystore')`,
    );
    for (const { name } of rows) await backup.query(`lock table ${name} in access share mode`);
    await makeRoom();
    await until(async () => !(await isFailing()));
  } finally {
    await backup.query("rollback");
    backup.release();
  }
}, 40_000);

test("a probe that hangs is given up, and another one finds that writes are stored", async () => {
  const pair = await Conversing.begin(server, [server, server]);
  await pair.say("customer");
  const makeRoom = await withoutRoom(pair);
  const probe = await probeSource();
  await sql(`create or replace function sealdesk.probe_storage() returns void
    language sql security definer as $$ select pg_sleep(3600) $$`);
  await until(async () => {
    const sleeping = await sql("select from pg_stat_activity where wait_event = 'PgSleep'");
    return (sleeping.rowCount ?? 0) > 0;
  });
  await sql(probe);
  await makeRoom();
  await until(async () => !(await isFailing()));
}, 40_000);

test("a keystore that has no room makes the server not ready, until it has", async () => {
  const pair = await Conversing.begin(server, [server, server]);
  await pair.say("customer");
  await sql(`
    create function keystore.test_full() returns trigger language plpgsql as $$
      begin raise exception 'no room' using errcode = '53100'; end $$;
    create trigger full_disk before insert on keystore.scope_keys
      for each row execute function keystore.test_full();
    alter function keystore.probe_storage() rename to probe_with_room;
    create function keystore.probe_storage() returns void language plpgsql security definer as $$
      begin raise exception 'no room' using errcode = '53100'; end $$`);
  // The first message of another conversation needs a new key.
  const other = await Conversing.begin(server, [server, server]);
  const answer = other.customer.socket.post(messageTo(other.id, [other.agent.device]));
  await until(isFailing);
  await pair.say("customer");
  await sql(`
    drop trigger full_disk on keystore.scope_keys;
    drop function keystore.probe_storage();
    alter function keystore.probe_with_room() rename to probe_storage`);
  await until(async () => !(await isFailing()));
  await answer.catch(() => undefined);
  await other.say("agent");
});
