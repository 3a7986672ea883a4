import type { Pool } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/** The largest number of origins of a tenant. */
const MAX_ORIGINS = 100;

/**
 * Returns the origin as browsers write it in the header `Origin` (RFC 6454 section 6.2), such as
 * `https://www.example.com` or, for a page in an app, `capacitor://localhost`.
 * @throws IdentityError invalid_origin
 */
export function parseOrigin(text: string): string {
  const canonical = URL.canParse(text) ? originOf(new URL(text)) : undefined;
  if (canonical === text) return text;
  const hint = canonical === undefined ? "" : ` Did you mean ${canonical}?`;
  throw new IdentityError(
    "invalid_origin",
    `${JSON.stringify(text)} is not an origin. Write scheme, host and port as a browser does, without a slash at the end: https://www.example.com.${hint}`,
  );
}

/** The URL parser gives the origin "null" for schemes that are not its own. */
const originOf = ({ origin, protocol, host }: URL): string | undefined => {
  if (host === "" || host.includes("*")) return undefined;
  return origin === "null" ? `${protocol}//${host}` : origin;
};

/**
 * Lets pages of an origin use the server for this tenant, or stops that. Every node follows from its
 * next request on. Repeating it changes nothing but is audited.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns the origins that the tenant has now
 * @throws IdentityError tenant_not_found; invalid_origin, also when there are too many
 */
export async function changeOrigins(
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly kind: "add" | "remove";
    readonly origin: string;
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<readonly string[]> {
  const { slug, kind, nowMs, by } = change;
  // A wrong origin may be removed.
  const origin = kind === "add" ? parseOrigin(change.origin) : change.origin;
  let origins: readonly string[] = [];
  await changeTenant(
    ownerUrl,
    { slug, action: kind === "add" ? "tenant.add_origin" : "tenant.remove_origin", nowMs, by },
    async (client, tenant) => {
      const others = tenant.origins.filter((each) => each !== origin);
      origins = assertCount(kind === "add" ? [...others, origin] : others);
      await client.query("update sealdesk.tenants set origins = $2 where id = $1", [
        tenant.id,
        origins,
      ]);
      return { origins: [...origins] };
    },
  );
  return origins;
}

export function assertCount(origins: readonly string[]): readonly string[] {
  if (origins.length > MAX_ORIGINS)
    throw new IdentityError("invalid_origin", `A tenant has at most ${MAX_ORIGINS} origins.`);
  return origins;
}

const ALLOWED = `
  select origin from unnest($1::text[]) as asked (origin)
  where exists (select from tenants where origins @> array[asked.origin])`;

/**
 * Creates a function that returns whether pages of an origin may use the server for any tenant. One
 * statement at a time answers all who ask meanwhile, because strangers ask too.
 */
export function createOriginCheck(pool: Pool): (origin: string) => Promise<boolean> {
  let last: Promise<unknown> = Promise.resolve();
  let next: { asked: Set<string>; answer: Promise<ReadonlySet<string>> } | undefined;
  const ask = () => {
    const asked = new Set<string>();
    const answer = last.then(async () => {
      next = undefined;
      const { rows } = await pool.query<{ origin: string }>(ALLOWED, [[...asked]]);
      return new Set(rows.map(({ origin }) => origin));
    });
    last = answer.catch(() => undefined);
    return { asked, answer };
  };
  return async (origin) => {
    next ??= ask();
    next.asked.add(origin);
    return (await next.answer).has(origin);
  };
}

/**
 * Returns the error for a page that may use the server for another tenant, and not for this one.
 */
export const originNotAllowed = (): IdentityError =>
  new IdentityError(
    "origin_not_allowed",
    "Pages of this origin may not use this server. Its operator can allow the origin.",
  );
