import type { HintTransport, TransportEvents } from "./batched-hints.ts";
import { answerOf, readyWithin, type RedisClient, type RedisConnection } from "./redis-client.ts";

const CHANNEL = "sealdesk:hints";
const FIRST_ATTEMPT_MS = 2_000;

/**
 * Carries hints over Redis. Uses sharded pub/sub, or plain pub/sub on servers older than Redis 7.
 */
export async function openRedisTransport(
  redis: RedisConnection,
  { onPayload, onListening }: TransportEvents,
): Promise<HintTransport> {
  const subscriber = redis.open();
  await readyWithin(subscriber, FIRST_ATTEMPT_MS);
  let sharded = true;
  let subscribed = false;
  const subscribe = async (client: RedisClient): Promise<void> => {
    try {
      // After the first subscription, the client subscribes again by itself whenever it reconnects.
      if (!subscribed) sharded = await subscribeTo(client, onPayload);
      subscribed = true;
      onListening();
    } catch {
      // The connection broke. The next `ready` event tries again.
    }
  };
  subscriber.on("ready", () => void subscribe(subscriber));
  if (subscriber.isReady) await subscribe(subscriber);
  return {
    async send(payloads) {
      const { client } = redis;
      await answerOf(
        Promise.all(
          payloads.map((payload) =>
            sharded ? client.sPublish(CHANNEL, payload) : client.publish(CHANNEL, payload),
          ),
        ),
      );
    },
    close: () => Promise.resolve(),
  };
}

/** @returns whether the channel is sharded */
async function subscribeTo(
  client: RedisClient,
  onPayload: (payload: string) => void,
): Promise<boolean> {
  try {
    await client.sSubscribe(CHANNEL, onPayload);
    return true;
  } catch (error) {
    if (!/unknown command/i.test(String(error))) throw error;
    await client.subscribe(CHANNEL, onPayload);
    return false;
  }
}
