import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "./device.ts";
import { createConversation, messageTo, RelaySocket } from "./relay-socket.ts";
import type { TestServer } from "./server.ts";

type Received = Awaited<ReturnType<RelaySocket["deliveries"]>>[number];

interface Side {
  readonly device: TestDevice;
  readonly socket: RelaySocket;
  /** The events it was sent, in order, repeats included; also own ones, when it was catching up. */
  readonly received: Received[];
}

/** A customer and an agent in a conversation of their own, each with a socket to some node. */
export class Conversing {
  readonly id: ConversationId;
  readonly customer: Side;
  readonly agent: Side;
  /** Ids of the messages accepted from both, in no order. */
  readonly accepted: Uuid[] = [];

  private constructor(id: ConversationId, customer: Side, agent: Side) {
    this.id = id;
    this.customer = customer;
    this.agent = agent;
  }

  /** @param nodes where the customer and the agent connect. */
  static async begin(
    server: TestServer,
    nodes: readonly [Pick<TestServer, "url">, Pick<TestServer, "url">],
  ): Promise<Conversing> {
    const customer = await customerDevice(server);
    const agent = await staffDevice(server);
    const id = await createConversation(customer, [agent]);
    const side = async (device: TestDevice, node: Pick<TestServer, "url">): Promise<Side> => {
      const socket = await RelaySocket.open(node, device);
      await socket.next("synced");
      await socket.deliveries(1);
      return { device, socket, received: [] };
    };
    return new Conversing(id, await side(customer, nodes[0]), await side(agent, nodes[1]));
  }

  /** Sends one message, and resolves when the other side has it. @returns milliseconds it took. */
  async say(from: "customer" | "agent"): Promise<number> {
    const [sender, other] =
      from === "customer" ? [this.customer, this.agent] : [this.agent, this.customer];
    const send = messageTo(this.id, [other.device]);
    const began = performance.now();
    const answer = await sender.socket.post(send);
    if (!("seq" in answer)) throw new Error(`refused: ${JSON.stringify(answer)}`);
    this.accepted.push(send.clientMessageId);
    const arrived = () =>
      other.received.some(({ clientMessageId }) => clientMessageId === send.clientMessageId);
    while (!arrived()) {
      const [event] = await other.socket.deliveries(1);
      if (event === undefined) continue;
      other.received.push(event);
      other.socket.send({
        kind: "ack",
        body: { cursors: [{ conversation: this.id, seq: event.seq }] },
      });
    }
    return performance.now() - began;
  }

  /** Ids of the messages that either got of the other, with what is still in their sockets. */
  receivedByBoth(): Uuid[] {
    return [this.customer, this.agent].flatMap(({ device, received, socket }) => {
      const pending = socket.pending().flatMap((f) => (f.kind === "deliver" ? [f.body] : []));
      return [...received, ...pending]
        .filter(({ senderDevice }) => senderDevice !== device.id)
        .map(({ clientMessageId }) => clientMessageId);
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.customer.socket.close(), this.agent.socket.close()]);
  }
}
