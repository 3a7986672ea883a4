import type { Client, Result } from "../../db/client.ts";

interface UserRow {
  readonly id: string;
  readonly created_at_ms: number;
}

const stored: UserRow = { id: "ada", created_at_ms: 7 };

/** Answers every statement with one user. */
const client = {
  query: async () => ({ rows: [stored], rowCount: 1 }),
} as unknown as Client;

// The compiler checks this file with the other tests. It refuses `@ts-expect-error` where the next line
// has no error. So each of these directives shows that the line after it does not compile.
describe("the compiler", () => {
  test("accepts the columns of the row's type", async () => {
    const { rows } = await client.query<UserRow>("select id, created_at_ms from users");
    expect(rows[0]?.created_at_ms).toBe(7);
  });

  test("refuses a misspelt column", async () => {
    const { rows } = await client.query<UserRow>("select id, created_at_ms from users");
    // @ts-expect-error -- the column is created_at_ms
    expect(rows[0]?.created_at).toBeUndefined();
  });

  test("refuses a column as another type", async () => {
    const { rows } = await client.query<UserRow>("select id, created_at_ms from users");
    // @ts-expect-error -- the column holds a number
    const createdAt: string | undefined = rows[0]?.created_at_ms;
    expect(createdAt).toBe(7);
  });

  test("refuses to read rows whose type is not named", async () => {
    const answer = await client.query("select id, created_at_ms from users");
    expect(answer.rowCount).toBe(1);
    // @ts-expect-error -- the statement names no type of its rows
    expect(answer.rows).toEqual([stored]);
  });

  test("does not take the type of rows from where they go", async () => {
    // @ts-expect-error -- the statement names no type of its rows
    const answer: Result<UserRow> = await client.query("select id, created_at_ms from users");
    expect(answer.rows).toEqual([stored]);
  });
});
