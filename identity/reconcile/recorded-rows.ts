import { z } from "zod";
import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import type { Recorded } from "./difference.ts";
import { providerDetails, providerWords, teamDetails, withTeams } from "./provider-settings.ts";
import {
  disabledWords,
  isPasskeyOf,
  isRecoveryCode,
  isTeamMember,
  membershipWords,
  placeOf,
  versionWords,
  webhookWords,
} from "./row-places.ts";
import { rowSources } from "./row-sources.ts";

const removalDetails = z.looseObject({ provider: z.string() });
const membershipDetails = z.looseObject({ team: z.string(), provider: z.string().optional() });
const passwordDetails = z.looseObject({ passwordDigest: z.string() });
const identityDetails = z.looseObject({ identityDigest: z.string() });
const passkeyDetails = z.looseObject({ passkey: z.string(), passkeyDigest: z.string().optional() });
const factorDetails = z.looseObject({
  secretDigest: z.string(),
  codeDigests: z.array(z.string()),
});
const webhookDetails = z.looseObject({ urlHash: z.string() });
const approvalDetails = z.looseObject({
  version: z.number(),
  hash: z.string(),
  effectiveFromMs: z.number(),
});
const versionDetails = z.looseObject({ version: z.number() });

/** The actions whose entries say what a row has. */
const ACTIONS: ReadonlySet<string> = new Set([
  "user.create",
  "user.link_identity",
  "user.disable",
  "user.enable",
  "user.change_password",
  "user.set_password",
  "user.reset_password",
  "user.confirm_factor",
  "user.remove_factor",
  "user.reset_factor",
  "user.add_passkey",
  "user.remove_passkey",
  "account.reset",
  "erasure.account",
  "erasure.replay",
  "alert.acknowledge",
  "alert.disable_webhook",
  "alert.remove_webhook",
  "alert.set_webhook",
  "policy.approve",
  "policy.withdraw",
  "tenant.add_identity_provider",
  "tenant.remove_identity_provider",
  "tenant.map_teams",
  "team.add_member",
  "team.remove_member",
  ...rowSources.flatMap(({ actions }) => actions),
]);

/** Returns whether entries of this action say what a row has. */
export const saysRows = (action: string): boolean => ACTIONS.has(action);

/**
 * What a log says about rows that come and go: passwords, links to people of identity providers, disabled accounts,
 * authenticator apps, recovery codes, passkeys, approved versions of the policy, identity providers, members of teams,
 * acknowledged alerts,
 * the webhook of alerts, legal holds, retention, requests that need other people, and access in an emergency. By place;
 * a row that was removed has no values.
 */
export class RecordedRows extends Map<string, Recorded> {
  /** Takes an entry of an act that was done. */
  add(entry: LoggedEntry, index: number | undefined): void {
    const { action, resource, details = {} } = entry;
    const say = (place: string, values: readonly string[]) => this.set(place, { values, index });
    for (const source of rowSources)
      for (const row of source.recorded(entry, this)) say(row.place, row.values);
    const { data: password } = passwordDetails.safeParse(details);
    const { data: identity } = identityDetails.safeParse(details);
    if (password !== undefined) say(placeOf.password(resource.id), [password.passwordDigest]);
    if (identity !== undefined || action === "user.link_identity")
      say(placeOf.identity(resource.id), identity === undefined ? [] : [identity.identityDigest]);
    switch (action) {
      case "user.disable":
        this.#disable(entry, index);
        return;
      case "user.enable":
        say(placeOf.disabled(resource.id), []);
        return;
      case "user.confirm_factor": {
        const { data } = factorDetails.safeParse(details);
        if (data === undefined) return;
        say(placeOf.factor(resource.id), [data.secretDigest]);
        for (const digest of data.codeDigests)
          say(placeOf.recoveryCode(resource.id, digest), ["given"]);
        return;
      }
      case "user.remove_factor":
        this.#removeApp(resource.id, index);
        return;
      case "user.reset_factor":
        this.#removeApp(resource.id, index);
        this.#removePasskeys(resource.id, index);
        return;
      case "alert.acknowledge":
        say(placeOf.acknowledgement(resource.id), ["acknowledged"]);
        return;
      case "alert.set_webhook": {
        const { data } = webhookDetails.safeParse(details);
        if (data !== undefined) say(placeOf.webhook(), webhookWords(data.urlHash, false));
        return;
      }
      case "alert.disable_webhook": {
        const [url] = this.get(placeOf.webhook())?.values ?? [];
        if (url !== undefined) say(placeOf.webhook(), [url, "disabled"]);
        return;
      }
      case "alert.remove_webhook":
        say(placeOf.webhook(), []);
        return;
      case "account.reset":
        this.#removePasskeys(resource.id, index);
        return;
      case "erasure.account":
      case "erasure.replay":
        if (entry.subject !== undefined && details["erased"] !== "scopes")
          this.#erase(entry.subject, index);
        return;
      case "user.add_passkey":
      case "user.remove_passkey": {
        const { data } = passkeyDetails.safeParse(details);
        if (data === undefined) return;
        const digests = data.passkeyDigest === undefined ? [] : [data.passkeyDigest];
        say(placeOf.passkey(resource.id, data.passkey), digests);
        return;
      }
      case "policy.approve": {
        const { data } = approvalDetails.safeParse(details);
        if (data !== undefined) say(placeOf.version(data.version), versionWords(data));
        return;
      }
      case "policy.withdraw": {
        const { data } = versionDetails.safeParse(details);
        if (data !== undefined) say(placeOf.version(data.version), []);
        return;
      }
      case "tenant.add_identity_provider": {
        const { data } = providerDetails.safeParse(details);
        if (data !== undefined) say(placeOf.provider(data.provider), providerWords(data));
        return;
      }
      case "tenant.remove_identity_provider": {
        const name = removalDetails.safeParse(details).data?.provider ?? "";
        say(placeOf.provider(name), []);
        this.#endMemberships(name, index);
        return;
      }
      case "tenant.map_teams": {
        const { data } = teamDetails.safeParse(details);
        if (data === undefined) return;
        const place = placeOf.provider(data.provider);
        const before = this.get(place)?.values;
        if (before !== undefined) say(place, withTeams(before, data.teams));
        return;
      }
      case "team.add_member":
      case "team.remove_member": {
        const { data } = membershipDetails.safeParse(details);
        if (data === undefined) return;
        const isMember = action === "team.add_member";
        say(
          placeOf.teamMember(data.team, resource.id),
          isMember ? membershipWords(data.provider) : [],
        );
        return;
      }
    }
  }

  /** A provider that is removed puts nobody into a team any more. */
  #endMemberships(provider: string, index: number | undefined): void {
    const [given] = membershipWords(provider);
    for (const [place, { values }] of this)
      if (isTeamMember(place) && values[0] === given) this.set(place, { values: [], index });
  }

  /** What somebody else disabled stays theirs, unless the operator disables it too: see `disable`. */
  #disable({ resource, details = {} }: LoggedEntry, index: number | undefined): void {
    const place = placeOf.disabled(resource.id);
    const isDisabled = (this.get(place)?.values.length ?? 0) > 0;
    const isByProvider = details["provider"] !== undefined;
    if (!isDisabled || !isByProvider)
      this.set(place, { values: disabledWords(isByProvider), index });
  }

  /** An erased account has nothing by which its person signed in. */
  #erase(user: string, index: number | undefined): void {
    for (const place of [placeOf.password(user), placeOf.identity(user)])
      if (this.has(place)) this.set(place, { values: [], index });
    this.#removeApp(user, index);
    this.#removePasskeys(user, index);
    for (const place of this.keys())
      if (isTeamMember(place, user)) this.set(place, { values: [], index });
  }

  #removeApp(user: string, index: number | undefined): void {
    this.set(placeOf.factor(user), { values: [], index });
    for (const place of this.keys())
      if (isRecoveryCode(place, user)) this.set(place, { values: [], index });
  }

  #removePasskeys(user: string, index: number | undefined): void {
    for (const place of this.keys())
      if (isPasskeyOf(user, place)) this.set(place, { values: [], index });
  }
}
