/**
 * Identifies the development key in a tenant's JWK Set, so that production can refuse a tenant that
 * trusts it.
 */
export const DEVELOPMENT_KEY_ID = "sealdesk-development";
