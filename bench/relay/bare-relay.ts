import { fork } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { BODY_BYTES, type Pair } from "./pair.ts";

/** Pairs over a bare `ws` relay in a process of its own: no identity, no storage, no order. */
export async function startBareRelay(
  count: number,
): Promise<{ readonly pairs: readonly Pair[]; close(): void }> {
  const child = fork(fileURLToPath(new URL("./bare-relay-server.js", import.meta.url)));
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  const connect = async (index: number) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/?n=${index}`, {
      perMessageDeflate: false,
    });
    await once(socket, "open");
    return socket;
  };
  const pairs: Pair[] = [];
  for (let index = 0; index < count; index++)
    pairs.push(barePair(await connect(2 * index), await connect(2 * index + 1)));
  return {
    pairs,
    close() {
      for (const pair of pairs) pair.close();
      child.disconnect();
    },
  };
}

function barePair(sender: WebSocket, receiver: WebSocket): Pair {
  const accepted = new Map<number, () => void>();
  const delivered = new Map<number, () => void>();
  let next = 0;
  const settle = (waiting: Map<number, () => void>) => (data: unknown) => {
    const index = (data as Buffer).readUInt32BE(0);
    waiting.get(index)?.();
    waiting.delete(index);
  };
  sender.on("message", settle(accepted));
  receiver.on("message", settle(delivered));
  return {
    send(onAccepted, onDelivered) {
      const index = next++;
      accepted.set(index, onAccepted);
      delivered.set(index, onDelivered);
      const message = randomFillSync(Buffer.allocUnsafe(4 + BODY_BYTES));
      message.writeUInt32BE(index, 0);
      sender.send(message);
    },
    close() {
      sender.terminate();
      receiver.terminate();
    },
  };
}
