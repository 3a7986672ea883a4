import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import pg from "pg";
import { calculateJwkThumbprint } from "jose";
import { fromBase64Url } from "../../../crypto/wire/bytes.ts";
import {
  parseId,
  type TenantId,
  type UserId,
  type DeviceId,
  type SessionId,
} from "../../../crypto/wire/ids.ts";
import { createPool, type Pool } from "../../../db/pool.ts";
import type { AccessTokens } from "../../../identity/tokens/access-token.ts";
import type { SealdeskLinkSpec } from "../load/party.ts";
import { arrangeConversations } from "./conversations.ts";
import type { LoadConversation, LoadDevice } from "./load-device.ts";
import { newId } from "../../testkit/ids.ts";

interface Server {
  readonly url: string;
  readonly ownerUrl: string;
  readonly tokens: AccessTokens;
}

const CHUNK = 500;
const SESSION_MS = 12 * 3_600_000;

/**
 * A tenant of a running server with data as sign-in, registration and creation would have left it.
 */
export class LoadTenant {
  readonly id: TenantId;
  readonly #server: Server;
  /** One pool as the operator, one as the server. */
  readonly #owner: pg.Pool;
  readonly #pool: Pool;

  private constructor(id: TenantId, server: Server) {
    this.id = id;
    this.#server = server;
    this.#owner = new pg.Pool({ connectionString: server.ownerUrl, max: 2 });
    this.#pool = createPool(server.ownerUrl, { max: 2 });
  }

  static async open(server: Server): Promise<LoadTenant> {
    const tenant = new LoadTenant(newId<TenantId>(), server);
    await tenant.#owner.query(
      `insert into sealdesk.tenants (id, slug, name, created_at_ms, message_customer_day_count,
         message_customer_day_bytes, message_staff_day_count, message_staff_day_bytes)
       values ($1::uuid, 'bench-' || $1::text, 'Benchmark', 0, 1e12, 1e15, 1e12, 1e15)`,
      [tenant.id],
    );
    return tenant;
  }

  /** Creates devices with real keys. */
  async devices(count: number): Promise<LoadDevice[]> {
    const devices: LoadDevice[] = [];
    while (devices.length < count) {
      const made = await Promise.all(
        Array.from({ length: Math.min(CHUNK, count - devices.length) }, newDevice),
      );
      await this.#store(made);
      devices.push(...made);
    }
    return devices;
  }

  /** Creates one conversation for each group of devices. */
  async conversations(groups: readonly (readonly LoadDevice[])[]): Promise<LoadConversation[]> {
    const made: LoadConversation[] = [];
    for (let at = 0; at < groups.length; at += CHUNK)
      made.push(...(await arrangeConversations(this.#pool, this.id, groups.slice(at, at + CHUNK))));
    return made;
  }

  /** Creates `count` conversations of `size` devices. No device is in two of them. */
  async groups(count: number, size: number): Promise<LoadConversation[]> {
    const devices = await this.devices(count * size);
    return this.conversations(
      Array.from({ length: count }, (_, index) => devices.slice(index * size, (index + 1) * size)),
    );
  }

  /**
   * Returns the data that a load process needs to connect a device.
   * @param cursors the events that the device already has
   */
  async link(
    { user, session, thumbprint, jwk }: LoadDevice,
    cursors: SealdeskLinkSpec["cursors"],
  ): Promise<SealdeskLinkSpec> {
    const { url, tokens } = this.#server;
    const claims = { tenant: this.id, user, role: "agent", session, thumbprint } as const;
    const nowMs = Date.now();
    const { accessToken } = await tokens.issue(claims, nowMs, nowMs + SESSION_MS);
    return { kind: "sealdesk", url, accessToken, jwk, cursors };
  }

  async close(): Promise<void> {
    await this.#owner.end();
    await this.#pool.end();
  }

  async #store(devices: readonly LoadDevice[]): Promise<void> {
    const nowMs = Date.now();
    const column = <T>(of: (device: LoadDevice) => T): T[] => devices.map(of);
    await this.#owner.query(
      `insert into sealdesk.users (id, tenant, role, created_at_ms)
       select id, $2, 'agent', $3 from unnest($1::uuid[]) id`,
      [column(({ user }) => user), this.id, nowMs],
    );
    await this.#owner.query(
      `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key, identity_key,
         receipt_key, certificate, created_at_ms)
       select id, $1, user_id, 1, device_key, $5, device_key, $6, $7
       from unnest($2::uuid[], $3::uuid[], $4::bytea[]) as d (id, user_id, device_key)`,
      [
        this.id,
        column(({ device }) => device),
        column(({ user }) => user),
        column(({ jwk }) => Buffer.from(fromBase64Url(jwk.x))),
        randomBytes(33),
        randomBytes(64),
        nowMs,
      ],
    );
    await this.#owner.query(
      `insert into sealdesk.sessions (id, tenant, user_id, device_key_thumbprint, method, created_at_ms, expires_at_ms)
       select id, $1, user_id, thumbprint, 'password', $5, $6
       from unnest($2::uuid[], $3::uuid[], $4::text[]) as s (id, user_id, thumbprint)`,
      [
        this.id,
        column(({ session }) => session),
        column(({ user }) => user),
        column(({ thumbprint }) => thumbprint),
        nowMs,
        nowMs + SESSION_MS,
      ],
    );
  }
}

async function newDevice(): Promise<LoadDevice> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = privateKey.export({ format: "jwk" }) as LoadDevice["jwk"];
  const { kty, crv, x } = jwk;
  return {
    user: parseId<UserId>(randomUUID()),
    device: parseId<DeviceId>(randomUUID()),
    session: parseId<SessionId>(randomUUID()),
    thumbprint: await calculateJwkThumbprint({ kty, crv, x }),
    jwk,
  };
}
