import type { MemberActivity, UserPresence } from "../../client/index.ts";
import { connectCustomer, connectStaff, joined, type Member } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { tickMs: 10, offlineAfterMs: 100 });
});
afterAll(() => server.close());

const nextPresence = ({ desk }: Member, state: string): Promise<UserPresence> =>
  new Promise((resolve) => {
    const stop = desk.on("presence", (presence) => {
      if (presence.state !== state) return;
      stop();
      resolve(presence);
    });
  });
const nextActivity = ({ desk }: Member): Promise<MemberActivity> =>
  new Promise((resolve) => {
    const stop = desk.on("activity", (activity) => {
      stop();
      resolve(activity);
    });
  });

test("members see each other type, read, come and go", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.desk.openConversation({ with: [agent.desk.user.id] });
  const { id } = await joined(agent, asking.id);
  const device = customer.desk.device;

  const typing = nextActivity(agent);
  asking.typing();
  expect(await typing).toEqual({ conversation: id, device, kind: "typing", seq: 0 });
  const stopped = nextActivity(agent);
  asking.typing(false);
  expect(await stopped).toMatchObject({ kind: "stopped" });
  const read = nextActivity(agent);
  asking.markRead(1);
  expect(await read).toMatchObject({ device, kind: "read", seq: 1 });

  const online = nextPresence(agent, "online");
  customer.desk.setPresence("online");
  expect((await online).user).toBe(customer.desk.user.id);
  const offline = nextPresence(agent, "offline");
  await customer.desk.close();
  expect((await offline).user).toBe(customer.desk.user.id);
  await agent.desk.close();
});
