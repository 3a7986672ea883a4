import type { MemberActivity, UserPresence } from "../../client/index.ts";
import { connectCustomer, connectStaff, joined, type Member } from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({}, { tickMs: 10, offlineAfterMs: 100 });
});
afterAll(() => server.close());

const nextPresence = ({ sealdesk }: Member, state: string): Promise<UserPresence> =>
  new Promise((resolve) => {
    const stop = sealdesk.on("presence", (presence) => {
      if (presence.state !== state) return;
      stop();
      resolve(presence);
    });
  });
const nextActivity = ({ sealdesk }: Member): Promise<MemberActivity> =>
  new Promise((resolve) => {
    const stop = sealdesk.on("activity", (activity) => {
      stop();
      resolve(activity);
    });
  });

test("members see each other type, read, come and go", async () => {
  const agent = await connectStaff(server);
  const customer = await connectCustomer(server);
  const asking = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const { id } = await joined(agent, asking.id);
  const device = customer.sealdesk.device;

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
  customer.sealdesk.setPresence("online");
  expect((await online).user).toBe(customer.sealdesk.user.id);
  const offline = nextPresence(agent, "offline");
  await customer.sealdesk.close();
  expect((await offline).user).toBe(customer.sealdesk.user.id);
  await agent.sealdesk.close();
});
