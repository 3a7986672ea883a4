/** Where a search begins: who takes part, and what they have. */
import { anna, ben, cleo, firstOf, mirrored, ownersOf, type Account, type Owner } from "./cast.ts";
import { asleep, deliver } from "./device.ts";
import type { Device } from "./known.ts";
import { beginning, place } from "./events.ts";
import { Relay } from "./relay.ts";
import type { Rules } from "./rules.ts";

export interface Scenario {
  readonly relay: Relay;
  readonly devices: (rules: Rules) => readonly Device[];
  /** Exchanges devices that nothing distinguishes, in a text. */
  readonly mirrored: ((text: string) => string) | undefined;
}

const only = (account: Account): Account => ({ ...account, devices: account.devices.slice(0, 1) });

const begun =
  (relay: Relay, owners: readonly Owner[], newcomers: readonly Owner[] = []) =>
  (rules: Rules): readonly Device[] => [
    ...owners.map((owner) => deliver(rules, asleep(owner), place(relay.creation, 1, beginning))),
    ...newcomers.map(asleep),
  ];

const twoAccounts = new Relay([anna, ben], []);
const threeAccounts = new Relay([anna, only(ben), cleo], []);
const withNewcomer = new Relay([anna, only(ben)], [cleo]);

/** Anna, and the two devices of Ben. Everybody has the first event. */
export const linked: Scenario = {
  relay: twoAccounts,
  devices: begun(twoAccounts, [...ownersOf(anna), ...ownersOf(ben)]),
  mirrored,
};

/** The same, and nobody has any event. */
export const beginnings: Scenario = {
  relay: twoAccounts,
  devices: begun(twoAccounts, [], [...ownersOf(anna), ...ownersOf(ben)]),
  mirrored,
};

/** Three accounts. Everybody has the first event. */
export const colleagues: Scenario = {
  relay: threeAccounts,
  devices: begun(threeAccounts, [anna, ben, cleo].map(firstOf)),
  mirrored: undefined,
};

/** Anna and Ben begin, and Cleo comes later. */
export const newcomer: Scenario = {
  relay: withNewcomer,
  devices: begun(withNewcomer, [anna, ben].map(firstOf), [firstOf(cleo)]),
  mirrored: undefined,
};

const brief = new Relay([anna, ben], [], "brief");

/** Anna and the two devices of Ben, between whom few things happen. */
export const deep: Scenario = {
  relay: brief,
  devices: begun(brief, [...ownersOf(anna), ...ownersOf(ben)]),
  mirrored,
};

const removing = new Relay([anna, ben], [], "removing");

/** The same, and the account of Ben removed his second device, which helps the relay from then on. */
export const removed: Scenario = {
  relay: removing,
  devices: begun(removing, [...ownersOf(anna), ...ownersOf(ben)]),
  mirrored: undefined,
};

const relisting = new Relay([anna, ben], [], "relisting");

/** The same, and the relay removes that device from the conversation and lists it again. */
export const relisted: Scenario = {
  relay: relisting,
  devices: begun(relisting, [...ownersOf(anna), ...ownersOf(ben)]),
  mirrored: undefined,
};

const withActs = new Relay([anna, only(ben)], [cleo], "unsigned");

/** Anna and Ben begin, and Cleo may come. The relay cannot sign in their name. */
export const signed: Scenario = {
  relay: withActs,
  devices: begun(withActs, [anna, ben].map(firstOf), [firstOf(cleo)]),
  mirrored: undefined,
};
