/**
 * The page of cross-origin.test.ts: an application on `@sealdesk/client`, bundled by Vite, whose server
 * has another origin. It gives the test functions to call.
 */
import { openStore, Sealdesk } from "@sealdesk/client";
import { plainSuite } from "./plain-suite.js";

const key = new Uint8Array(32).fill(9);

async function connect(url, name, credentials) {
  const store = await openStore(name, key);
  const grant = { ...credentials, token: async () => credentials.token };
  return Sealdesk.connect({ url, credentials: grant, store, suite: plainSuite() });
}

const opened = (desk, id) =>
  desk.conversation(id) ??
  new Promise((resolve) =>
    desk.on("conversation", (conversation) => conversation.id === id && resolve(conversation)),
  );

async function next(conversation, kind, own) {
  for await (const item of conversation.messages({ after: 0 }))
    if (item.kind === kind && item.own === own) return item;
  throw new Error(`no ${kind}`);
}

const digest = async (bytes) =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

const page = {
  /** A customer and an agent exchange two messages and a file. @returns what each received */
  async talk(url, customerCredentials, agentCredentials) {
    const agent = await connect(url, "agent", agentCredentials);
    const customer = await connect(url, "customer", customerCredentials);
    const asked = await customer.openConversation({ with: [agent.user.id] });
    await asked.send("Where is my claim?");
    const answered = await opened(agent, asked.id);
    const question = await next(answered, "message", false);
    await answered.send("It was paid on Monday.");
    const answer = await next(asked, "message", false);
    const data = new Uint8Array(300_000).map((_, index) => index % 251);
    await asked.sendAttachment({ name: "claim.pdf", type: "application/pdf", data });
    const { attachment } = await next(answered, "attachment", false);
    const pieces = [];
    for await (const piece of attachment.download()) pieces.push(piece);
    const received = new Uint8Array(await new Blob(pieces).arrayBuffer());
    const result = {
      question: question.text,
      answer: answer.text,
      file: attachment.safeName,
      size: received.length,
      isSame: (await digest(received)) === (await digest(data)),
    };
    await customer.close();
    await agent.close();
    return result;
  },

  /** Connects and closes, as a page does that is loaded and left. @returns the device's id */
  async visit(url, credentials) {
    const desk = await connect(url, "customer", credentials);
    const { device } = desk;
    await desk.close();
    return device;
  },

  /** Keeps the store open until the page is left. */
  async stay(url, credentials) {
    const desk = await connect(url, "customer", credentials);
    return desk.device;
  },

  codeOf: (name, ...values) =>
    page[name](...values).then(
      () => "no error",
      (error) => error.code ?? error.name,
    ),

  /** What a page without the SDK learns of an answer. */
  async read(url) {
    const response = await fetch(`${url}/v1/staff`).catch(() => undefined);
    return response === undefined ? "nothing" : (await response.json()).code;
  },

  dial: (url) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/v1/relay`, "sealdesk.v1");
      socket.addEventListener("open", () => resolve("open"));
      socket.addEventListener("error", () => resolve("refused"));
    }),
};
globalThis.page = page;
