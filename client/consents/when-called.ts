import type { Rights } from "../device/rights.ts";
import type { Request } from "../http/transport.ts";
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
    const { connectConsents } = await import("../on-demand.ts");
    return (part ??= connectConsents(depsOf()));
  };
  const consents: ConsentCalls = {
    give: async (request) => (await load()).consents.give(request),
    withdraw: async (request) => (await load()).consents.withdraw(request),
    list: async () => (await load()).consents.list(),
    receipt: async (id) => (await load()).consents.receipt(id),
  };
  const notices: NoticeCalls = {
    current: async (preferred) => (await load()).notices.current(preferred),
    version: async (version, preferred) => (await load()).notices.version(version, preferred),
    shown: async (notice) => (await load()).notices.shown(notice),
  };
  const fresh: FreshConsentCalls = {
    assertInForce: async (question) => (await load()).fresh.assertInForce(question),
    // Before it is loaded, the device relies on nothing.
    forget: (conversation) => part?.fresh.forget(conversation),
  };
  return { consents, notices, fresh };
}

/** Returns what the law gives the person of this account. The code is loaded with the first call. */
export function rightsWhenCalled(request: Request): RightCalls {
  const load = async () => {
    const { requestApi, Rights: Loaded } = await import("../on-demand.ts");
    return new Loaded(requestApi(request));
  };
  return {
    request: async (right, options) => (await load()).request(right, options),
    list: async () => (await load()).list(),
    withdraw: async (id) => (await load()).withdraw(id),
    restrictions: async () => (await load()).restrictions(),
  };
}
