import { randomBytes } from "node:crypto";
import { createPool, type Pool } from "../../../db/pool.ts";
import { audited } from "../../../identity/audited.ts";
import { storePreKeys } from "../../../identity/prekeys/store-prekeys.ts";
import type { MessagingDeps } from "../../../messaging/members/facts.ts";
import { readConversation } from "../../../messaging/members/read-conversations.ts";
import type { Actor } from "../../../policies/actor.ts";
import { testIdentity } from "../../testkit/prekeys.ts";
import type { LoadConversation } from "../arrange/load-device.ts";
import { LoadTenant } from "../arrange/tenant.ts";
import { closing } from "../closing.ts";
import type { Progress, Scale } from "../options.ts";
import { startSealdesk } from "../servers/sealdesk.ts";
import { median, round } from "../statistics.ts";
import { poolWithoutAudit } from "./without-audit.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { nilId, type DeviceId, type ConversationId } from "../../../crypto/wire/ids.ts";

export const CLIENTS = 32;

/**
 * One use case, called as its route calls it.
 * @param turn counts the client's calls
 */
type Action = (pool: Pool, client: number, turn: number) => Promise<unknown>;

export interface ActionFigures {
  readonly action: string;
  readonly perSecond: number;
  readonly perSecondWithoutAudit: number;
  /** The share of the unaudited rate that auditing costs. */
  readonly overhead: number;
}

/**
 * Measures use cases with 32 clients at once, with and without the statement that writes the audit
 * entry, in turns. Meanwhile a server that does nothing else integrates and signs the entries.
 */
export const measureActions = (scale: Scale, progress: Progress): Promise<ActionFigures[]> =>
  closing(async (started) => {
    const server = started.add(await startSealdesk());
    const tenant = started.add(await LoadTenant.open(server));
    const groups = await tenant.groups(CLIENTS, 2);
    const pools = {
      with: createPool(server.ownerUrl, { max: CLIENTS }),
      without: poolWithoutAudit(server.ownerUrl, CLIENTS),
    };
    for (const pool of Object.values(pools)) started.add({ close: () => pool.end() });
    const figures: ActionFigures[] = [];
    for (const [action, act] of Object.entries(actionsOf(tenant.id, groups))) {
      const rates: Record<keyof typeof pools, number[]> = { with: [], without: [] };
      const turns = { each: 0 };
      for (const pool of Object.values(pools)) await rate(act, pool, scale.seconds / 3, turns);
      for (let turn = 0; turn < scale.rounds; turn++)
        for (const name of ["with", "without"] as const) {
          await settled(pools.without, tenant.id);
          rates[name].push(await rate(act, pools[name], scale.seconds, turns));
          progress(`${action} ${name} audit: ${Math.round(rates[name].at(-1) ?? 0)}/s`);
        }
      const [perSecond, without] = [median(rates.with), median(rates.without)];
      figures.push({
        action,
        perSecond: round(perSecond),
        perSecondWithoutAudit: round(without),
        overhead: round(1 - perSecond / without, 2),
      });
    }
    return figures;
  });

function actionsOf(
  tenant: Actor["tenant"],
  groups: readonly LoadConversation[],
): Record<string, Action> {
  const actors = groups.map(({ devices: [device] }): Actor => {
    if (device === undefined) throw new Error("a conversation without devices");
    const { user, session, device: id } = device;
    return {
      tenant,
      user,
      session,
      device: id,
      role: "agent",
      method: "password",
      policy: defaultPolicy,
      signIn: unknownSignIn,
    };
  });
  const actorOf = (client: number) => actors[client] as Actor;
  const identity = testIdentity();
  const { identityKey } = identity;
  const signed = (publicKey: Buffer) => ({ publicKey, signature: identity.sign(publicKey) });
  const ec = signed(Buffer.concat([Buffer.of(0x05), randomBytes(32)]));
  const kyber = signed(Buffer.concat([Buffer.of(0x08), randomBytes(1568)]));
  return {
    "prekeys.publish": (pool, client, turn) => {
      const actor = actorOf(client);
      const device = actor.device ?? nilId<DeviceId>();
      const resource = { type: "device", id: device } as const;
      const act = { action: "prekeys.publish", resource } as const;
      return audited({ pool, now: Date.now }, actor, act, (session) =>
        storePreKeys(
          session,
          { tenant, device, identityKey },
          {
            signedPreKey: { id: turn, ...ec },
            lastResortKyberPreKey: { id: turn, ...kyber },
            preKeys: [],
            kyberPreKeys: [],
            replace: false,
          },
        ),
      );
    },
    "conversation.read": (pool, client) => {
      // The message log is not used.
      const deps = { pool, now: Date.now } as MessagingDeps;
      return readConversation(deps, actorOf(client), {
        conversation: groups[client]?.id ?? nilId<ConversationId>(),
      });
    },
  };
}

/** @returns actions a second of all clients together */
async function rate(
  act: Action,
  pool: Pool,
  seconds: number,
  turns: { each: number },
): Promise<number> {
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  let done = 0;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    do {
      await act(pool, client, ++turns.each);
      done++;
    } while (performance.now() < end);
  });
  await Promise.all(clients);
  return (done * 1_000) / (performance.now() - begin);
}

/** Resolves when the server has integrated everything, so that no round pays for another. */
async function settled(pool: Pool, tenant: Actor["tenant"]): Promise<void> {
  const session = await pool.connect();
  try {
    await session.query("select set_config('sealdesk.tenant', $1, false)", [tenant]);
    for (;;) {
      const { rows } = await session.query<{ settled: boolean }>(
        `select (select count(*) from audit.entries) = (select coalesce(max(size), 0) from audit.trees) as settled`,
      );
      if (rows[0]?.settled === true) return;
    }
  } finally {
    session.release(true);
  }
}
