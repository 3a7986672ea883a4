import type { Rights, RightsDeps } from "../device/rights.ts";
import { loadOnDemand } from "../load-on-demand.ts";
import type { ConnectedConsents, ConnectedConsentsDeps } from "./connect-consents.ts";
import type { Consents } from "./consents.ts";
import type { FreshConsentCalls } from "./fresh-consents.ts";
import type { Notices } from "./notices.ts";

/** The public methods of a class whose code is loaded when one of them is called. */
type MethodsOf<T> = Pick<T, keyof T>;
export type ConsentCalls = MethodsOf<Consents>;
export type NoticeCalls = MethodsOf<Notices>;
export type RightCalls = MethodsOf<Rights>;

/** Returns the consents and notices of a device. Their code is loaded with the first call. */
export function consentsWhenCalled(depsOf: () => ConnectedConsentsDeps) {
  let part: ConnectedConsents | undefined;
  const load = async () => {
    const { connectConsents } = await loadOnDemand();
    return (part ??= connectConsents(depsOf()));
  };
  const consents = whenCalled(
    async () => (await load()).consents,
    "give",
    "withdraw",
    "list",
    "receipt",
  );
  const notices = whenCalled(async () => (await load()).notices, "current", "version", "shown");
  const fresh: FreshConsentCalls = {
    assertInForce: async (question) => (await load()).fresh.assertInForce(question),
    // Before it is loaded, the device relies on nothing.
    forget: (conversation) => part?.fresh.forget(conversation),
  };
  return { consents, notices, fresh };
}

/** Returns what the law gives the person of this account. The code is loaded with the first call. */
export const rightsWhenCalled = (parts: RightsDeps): RightCalls =>
  whenCalled(
    async () => new (await loadOnDemand()).Rights(parts),
    "request",
    "list",
    "withdraw",
    "export",
    "restrictions",
    "decisions",
    "appeal",
  );

/** Returns these methods of what `load` returns. It is loaded when one of them is called. */
function whenCalled<T extends object>(
  load: () => Promise<T>,
  ...names: readonly (keyof T)[]
): MethodsOf<T> {
  const calls = names.map((name) => [
    name,
    async (...given: unknown[]) => {
      const part = await load();
      return (part[name] as (...given: unknown[]) => unknown).apply(part, given);
    },
  ]);
  return Object.fromEntries(calls) as MethodsOf<T>;
}
