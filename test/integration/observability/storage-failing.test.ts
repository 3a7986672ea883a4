import { Conversing } from "../../support/conversing.ts";
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
const failedProbes = async (): Promise<number> => {
  const { rows } = await server.database.owner.query<{ last_value: number }>(
    "select last_value from sealdesk.test_probes",
  );
  return Number(rows[0]?.last_value);
};

test("while the database has no room, the server is not ready, also without traffic; then what waited is stored", async () => {
  const pair = await Conversing.begin(server, [server, server]);
  await pair.say("customer");
  expect(await isFailing()).toBe(false);

  // What PostgreSQL answers when its disk is full. The sequence counts what was tried: it rolls nothing back.
  await sql(`
    create sequence sealdesk.test_probes;
    create function sealdesk.test_no_room() returns trigger language plpgsql security definer as $$
      begin
        perform nextval('sealdesk.test_probes');
        raise exception 'could not extend file: No space left on device' using errcode = '53100';
      end $$;
    create trigger no_room before insert on sealdesk.events
      for each row execute function sealdesk.test_no_room();
    create trigger no_room before insert on sealdesk.storage_probe
      for each row execute function sealdesk.test_no_room();`);
  const send = messageTo(pair.id, [pair.agent.device]);
  const answer = pair.customer.socket.post(send);
  await until(isFailing);
  await answer.catch(() => undefined);

  // Nobody sends any more, and the server goes on asking the database.
  const before = await failedProbes();
  await until(async () => (await failedProbes()) >= before + 2);
  expect(await isFailing()).toBe(true);

  await sql(
    `drop trigger no_room on sealdesk.events; drop trigger no_room on sealdesk.storage_probe`,
  );
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
  const answer = pair.customer.socket.post(messageTo(pair.id, [pair.agent.device]));
  await until(isFailing);
  await switchTo("off");
  await until(async () => !(await isFailing()));
  await answer.catch(() => undefined);
  await pair.say("agent");
});
