import { hashPassword, isPassword } from "../../../identity/passwords/password-hash.ts";
import { Secret } from "../../../keys/secret.ts";
import { median, round } from "../statistics.ts";
import { BenchDevice } from "./bench-device.ts";
import type { Site } from "./site.ts";

export interface SignInFigures {
  /** Sign-ins a second of four devices at once. */
  readonly perSecond: number;
  /** Comparisons of a password a second, four at once, with nothing else. */
  readonly bareArgon2PerSecond: number;
}

export interface NameTimes {
  /** Medians of a refused sign-in in milliseconds: of two known accounts, and of a name that does not exist. */
  readonly knownMs: number;
  readonly otherKnownMs: number;
  readonly unknownMs: number;
  /** How far the two known accounts are apart, in milliseconds: the noise. */
  readonly noiseMs: number;
  readonly differenceMs: number;
}

const CLIENTS = 4;

const grantOf = (tenant: string, username: string, password: string) => ({
  grant: "password",
  tenant,
  username,
  password,
});

export async function measureSignIns(
  { tenant, people, publicUrl, nodes: [node = ""] }: Site,
  seconds: number,
): Promise<SignInFigures> {
  const { username, password } = await people.newAgent("Agent");
  const grant = grantOf(tenant.slug, username, password);
  const secret = new Secret(password);
  const stored = await hashPassword(secret, []);
  return {
    perSecond: await rate(seconds, async () => {
      const status = await new BenchDevice(publicUrl).signIn(node, grant);
      if (status !== 201) throw new Error(`A sign-in answered ${status}.`);
    }),
    bareArgon2PerSecond: await rate(seconds, async (client) => {
      await isPassword(stored, secret, { tenant: tenant.id, account: String(client) });
    }),
  };
}

async function rate(seconds: number, once: (client: number) => Promise<void>): Promise<number> {
  const begin = performance.now();
  let done = 0;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    do {
      await once(client);
      done++;
    } while (performance.now() < begin + seconds * 1_000);
  });
  await Promise.all(clients);
  return round((done * 1_000) / (performance.now() - begin), 1);
}

/** Compares, in turns, what a wrong password takes for a known name and for a name that does not exist. */
export async function measureNames(
  { tenant, people, publicUrl, nodes: [node = ""] }: Site,
  turns: number,
): Promise<NameTimes> {
  const [one, other] = [await people.newAgent("Agent"), await people.newAgent("Agent")];
  const names = { known: one.username, otherKnown: other.username, unknown: "agent-nobody-at-all" };
  const times: Record<keyof typeof names, number[]> = { known: [], otherKnown: [], unknown: [] };
  for (let turn = 0; turn < turns; turn++)
    for (const name of ["known", "otherKnown", "unknown"] as const) {
      const device = new BenchDevice(publicUrl);
      const begin = performance.now();
      await device.signIn(node, grantOf(tenant.slug, names[name], "a wrong passphrase"));
      times[name].push(performance.now() - begin);
    }
  const [known, otherKnown] = [median(times.known), median(times.otherKnown)];
  const unknown = median(times.unknown);
  return {
    knownMs: round(known, 2),
    otherKnownMs: round(otherKnown, 2),
    unknownMs: round(unknown, 2),
    noiseMs: round(Math.abs(known - otherKnown), 2),
    differenceMs: round(Math.abs(unknown - (known + otherKnown) / 2), 2),
  };
}
