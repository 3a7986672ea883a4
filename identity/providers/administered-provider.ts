import type { IdentityProvider } from "./identity-provider.ts";

/** The settings of a provider as administrators see them: never the client secret. */
export interface AdministeredProvider extends Pick<
  IdentityProvider,
  | "name"
  | "issuer"
  | "clientId"
  | "redirectUris"
  | "scope"
  | "groupsClaim"
  | "subjectClaim"
  | "accounts"
  | "roles"
  | "teams"
> {
  /** The URI to register with the provider for OpenID Connect Back-Channel Logout 1.0. */
  readonly backchannelLogoutUri: string;
}

/**
 * Returns what administrators may see of a provider.
 * @param place.slug the tenant's short name
 */
export const administeredProvider = (
  place: { readonly publicUrl: string; readonly slug: string },
  provider: Omit<AdministeredProvider, "backchannelLogoutUri">,
): AdministeredProvider => ({
  name: provider.name,
  issuer: provider.issuer,
  clientId: provider.clientId,
  redirectUris: provider.redirectUris,
  scope: provider.scope,
  groupsClaim: provider.groupsClaim,
  subjectClaim: provider.subjectClaim,
  accounts: provider.accounts,
  roles: provider.roles,
  teams: provider.teams,
  backchannelLogoutUri: backchannelLogoutUri(place, provider.name),
});

/** Returns the URI to which the provider sends logout tokens. */
export const backchannelLogoutUri = (
  { publicUrl, slug }: { readonly publicUrl: string; readonly slug: string },
  name: string,
): string => `${publicUrl}/v1/tenants/${slug}/identity-providers/${name}/backchannel-logout`;
