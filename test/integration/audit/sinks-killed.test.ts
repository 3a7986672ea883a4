import { deliveredIn, orderedIndexes } from "../../support/delivered-entries.ts";
import { RestorableServer } from "../../support/restorable-server.ts";
import { SyslogReceiver } from "../../support/syslog-receiver.ts";
import { until } from "../../support/until.ts";
import { startWebhookReceiver } from "../../support/webhook-receiver.ts";

let server: RestorableServer;
let receiver: SyslogReceiver;
beforeAll(async () => {
  server = await RestorableServer.make();
  receiver = await SyslogReceiver.listen();
}, 120_000);
afterAll(async () => {
  await receiver.close();
  await server.remove();
});

const start = () => server.start({ AUDIT_SINKS: `siem=syslog+tcp://127.0.0.1:${receiver.port}` });
const timesOf = (days: number) =>
  receiver.messages.filter((each) => each.includes(`"details":{"days":${days}}`)).length;
const setRetention = (days: number) =>
  server.done("audit", "retention", "--tenant", "demo", "--days", String(days));

test("a node that is killed while it delivers loses no entry, and keeps their order", async () => {
  start();
  await until(async () => (await server.readyz()).includes('"ok"'));
  setRetention(401);
  await until(() => timesOf(401) > 0);
  receiver.isSilent = true;
  setRetention(402);
  await until(() => timesOf(402) > 0);
  await server.kill();
  receiver.isSilent = false;
  start();
  await until(() => timesOf(402) > 1);
  setRetention(403);
  await until(() => timesOf(403) > 0);
  // Throws if an entry is missing between two others.
  const logs = orderedIndexes(deliveredIn(receiver.messages));
  expect([...logs.keys()].toSorted()).toEqual([
    "sealdesk.local/audit/operator",
    "sealdesk.local/audit/t/demo",
  ]);
  await server.stop();
}, 240_000);

test("an alert that a node was sending when it was killed is sent again, the same", async () => {
  const webhook = await startWebhookReceiver();
  webhook.answer = () => undefined;
  start();
  await until(async () => (await server.readyz()).includes('"ok"'));
  server.done("alerts", "webhook", "set", "--tenant", "demo", "--url", webhook.url);
  await until(() => webhook.received.length > 0);
  await server.kill();
  webhook.answer = (response) => void response.writeHead(204).end();
  start();
  await until(async () => (await server.readyz()).includes('"ok"'));
  await until(() =>
    server.done("alerts", "webhook", "show", "--tenant", "demo").includes("that wait: 0"),
  );
  const [before, after] = webhook.received;
  expect({ id: after?.id, body: after?.body }).toEqual({ id: before?.id, body: before?.body });
  await server.stop();
  await webhook.close();
}, 240_000);
