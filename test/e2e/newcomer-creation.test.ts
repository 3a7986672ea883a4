/** Whoever joins later checks that the conversation is the one that was begun. */
import { hash } from "node:crypto";
import { transcriptHash } from "../../crypto/wire/event.ts";
import { decodeControl, encodeControl, type Control } from "../../crypto/wire/frame.ts";
import {
  connectCustomer,
  connectSibling,
  connectStaff,
  joined,
  problemsOf,
  readUntil,
  textsOf,
} from "../support/member.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { startTamperingRelay } from "../support/tampering-relay.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Creation = NonNullable<Control["creation"]>;
type Creator = NonNullable<Creation["creator"]>;

/** The same with its first byte changed. */
const changed = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, index) => (index === 0 ? byte ^ 1 : byte));
const withCreator = (creation: Creation, changes: Partial<Creator>): Creation => ({
  ...creation,
  creator: { ...creation.creator!, ...changes },
});

test.each<[string, (creation: Creation) => Creation | undefined]>([
  ["leaves the creation record out", () => undefined],
  ["shows another suite", (creation) => ({ ...creation, suite: "mls-v1" })],
  [
    "changes the signature",
    (creation) => ({ ...creation, signature: changed(creation.signature) }),
  ],
  [
    "names another creator",
    (creation) => withCreator(creation, { user: "0192d3a5-7c3e-7cc3-98c4-dc0c0c07398f" }),
  ],
])(
  "a relay that %s: the newcomer is told, and seals nothing",
  async (_what, tamper) => {
    const [customer, agent, relay] = await Promise.all([
      connectCustomer(server),
      connectStaff(server),
      startTamperingRelay(server),
    ]);
    const newcomer = await connectStaff(server, "agent", { webSocket: relay.webSocket });
    relay.tamper = (frame) => {
      if (frame.kind !== "deliver" || frame.body.kind !== "member_added") return [frame];
      const control = decodeControl(frame.body.ciphertext);
      const ciphertext = encodeControl({ ...control, creation: tamper(control.creation!) });
      const { previousHash, commitment } = frame.body;
      const sha256 = (input: Uint8Array) => hash("sha256", input, "buffer");
      const made = transcriptHash(sha256, previousHash!, frame.body, ciphertext, commitment);
      return [{ kind: "deliver", body: { ...frame.body, ciphertext, transcriptHash: made } }];
    };
    const asking = await customer.desk.openConversation({ with: [agent.desk.user.id] });
    await (await joined(agent, asking.id)).addMember(newcomer.desk.user.id);
    const misled = await joined(newcomer, asking.id);
    const items = await readUntil(misled, (all) => problemsOf(all).length > 0);
    expect(problemsOf(items)).toMatchObject([{ code: "invalid_creation", seq: 2 }]);
    await expect(misled.send("hello?")).rejects.toMatchObject({ code: "not_a_member" });
    await Promise.all([customer, agent, newcomer].map(({ desk }) => desk.close()));
    await relay.close();
  },
  60_000,
);

test("it holds when the creating device was removed, though no directory shows it any more", async () => {
  const [customer, agent] = await Promise.all([connectCustomer(server), connectStaff(server)]);
  const asking = await customer.desk.openConversation({ with: [agent.desk.user.id] });
  const laptop = await connectSibling(server, customer);
  const typing = await joined(laptop, asking.id);
  const ended = new Promise((resolve) => customer.desk.on("end", resolve));
  await laptop.desk.removeDevice(customer.desk.device);
  await ended;
  const newcomer = await connectStaff(server);
  await (await joined(agent, asking.id)).addMember(newcomer.desk.user.id);
  const serving = await joined(newcomer, asking.id);
  await serving.send("How can I help?");
  for (const conversation of [typing, serving]) {
    const items = await readUntil(conversation, (all) => textsOf(all).length === 1);
    expect(problemsOf(items)).toEqual([]);
  }
  await Promise.all([customer, agent, laptop, newcomer].map(({ desk }) => desk.close()));
}, 60_000);
