import type { AuditErrorCode } from "../../audit/audit-error.ts";
import { SUMS_EVERY_MS } from "../../audit/write-sums.ts";
import { usualTimings } from "../../server/timings.ts";
import { until } from "./until.ts";

const {
  checkEveryMs,
  guardsEveryMs,
  outsideEveryMs,
  stateEveryMs,
  changesEveryMs,
  failingCheckMs,
} = usualTimings;
const within = (ms: number): string => `within ${ms / 1_000} s`;

/** When an attack is refused or found, in the words of docs/audit.md. */
export const attackTimes = {
  act: "at once: the act is refused and rolled back",
  command: "before the command changes anything",
  signature: "at the next signature, which follows each entry",
  connection: "when a node connects",
  steps: within(2 * checkEveryMs),
  state: within(stateEveryMs + 2 * checkEveryMs),
  sums: within(SUMS_EVERY_MS),
  outside: `when a node connects, and ${within(outsideEveryMs)}`,
  guards: `when a node starts, and ${within(guardsEveryMs)}`,
  reading: "when it is read, and within a whole check",
  served: "when it is read",
  check: "within a whole check",
  counted: `within ${(3 * changesEveryMs) / 1_000} s, if PostgreSQL counts it`,
  failing: `within a whole check and ${failingCheckMs / 1_000} s`,
} as const;

/**
 * An attack on the audit log: a row of the table in docs/audit.md. `npm run audit-attacks` reads the
 * rows from the tests, so each value must be a literal.
 */
export interface Attack {
  /** What somebody does who may do anything with the database or the files beside it. */
  readonly attempt: string;
  readonly foundBy: string;
  readonly when: keyof typeof attackTimes;
  readonly code: AuditErrorCode;
  /** The sentence that tells a person what to do. The program must say it. */
  readonly says: string;
}

/** What the program said about an attack. */
export interface Said {
  readonly code: string | undefined;
  readonly text: string;
}

function assertSaid({ code, says }: Attack, said: Said): void {
  expect(said).toEqual({ code, text: expect.stringContaining(says) });
}

/** Makes the attack, and requires that the program says what the row promises. */
export function attackTest(attack: Attack, make: () => Promise<Said>, timeoutMs?: number): void {
  test(attack.attempt, async () => assertSaid(attack, await make()), timeoutMs);
}

/** Like `attackTest`, for an attack that can be made in several ways. */
attackTest.each = function each<Way>(
  attack: Attack,
  ways: Readonly<Record<string, Way>>,
  make: (way: Way) => Promise<Said>,
): void {
  for (const [name, way] of Object.entries(ways))
    test(`${attack.attempt}: ${name}`, async () => assertSaid(attack, await make(way)));
};

/** A node of a test, which says what it finds in /readyz and in its log. */
interface SpeakingNode {
  readonly url: string;
  logged(): string;
}

/** Makes an attack, and waits until the node tells `code`. */
export async function saidBy(
  node: SpeakingNode,
  code: AuditErrorCode,
  attack: () => Promise<unknown>,
): Promise<Said> {
  const { length } = node.logged();
  await attack();
  const readyz = async () => (await fetch(`${node.url}/readyz`)).text();
  await until(async () => (await readyz()).includes(`"${code}"`));
  return { code, text: node.logged().slice(length) };
}

/** What an integrator says about why it refuses to continue. It waits until it does. */
export async function refusalOf(integrator: {
  readonly refusal: { readonly code: string; readonly message: string } | undefined;
}): Promise<Said> {
  await until(() => integrator.refusal !== undefined);
  return { code: integrator.refusal?.code, text: integrator.refusal?.message ?? "" };
}
