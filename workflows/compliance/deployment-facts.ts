import type { AuditSettings } from "../../audit/checkpoints/audit-settings.ts";

/** What the configuration says about a deployment. It holds no secret. */
export interface DeploymentFacts {
  /** The URL at which clients reach the server. */
  readonly publicUrl: string;
  readonly isKeystoreApart: boolean;
  /** How long backups of the keystore are kept, in milliseconds. */
  readonly keystoreBackupMs: number;
  readonly audit: AuditSettings;
}
