import { randomBytes } from "node:crypto";
import pg from "pg";

export interface EjabberdDatabase {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

export interface EjabberdAccount {
  readonly user: string;
  readonly password: string;
}

const NAME = "ejabberd";

/**
 * Creates a database in the cluster that the others use, with ejabberd's tables and the accounts.
 */
export async function createEjabberdDatabase(
  ownerUrl: string,
  schema: string,
  accounts: readonly EjabberdAccount[],
): Promise<EjabberdDatabase> {
  const password = randomBytes(24).toString("hex");
  await asUser(ownerUrl, async (client) => {
    await client.query(`create role ${NAME} login password '${password}'`);
    await client.query(`create database ${NAME} owner ${NAME}`);
  });
  const url = new URL(ownerUrl);
  Object.assign(url, { username: NAME, password, pathname: `/${NAME}` });
  await asUser(url.href, async (client) => {
    await client.query(schema);
    await client.query(
      "insert into users (username, password) select * from unnest($1::text[], $2::text[])",
      [accounts.map(({ user }) => user), accounts.map((account) => account.password)],
    );
  });
  return { host: url.hostname, port: Number(url.port), database: NAME, user: NAME, password };
}

async function asUser(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
