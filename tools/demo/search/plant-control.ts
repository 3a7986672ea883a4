import { randomBytes } from "node:crypto";
import type pg from "pg";

/** A text that a search must find. Otherwise the search could find nothing at all. */
export interface Control {
  readonly text: string;
  /** Writes it into its own table. */
  plant(administrator: pg.Client): Promise<void>;
  /** Drops the table. Its traces stay on disk. */
  remove(administrator: pg.Client): Promise<void>;
}

export function newControl(): Control {
  const text = `control ${randomBytes(24).toString("base64url")}`;
  return {
    text,
    async plant(administrator) {
      await administrator.query("create table public.demo_control (text text)");
      await administrator.query("insert into public.demo_control values ($1)", [text]);
      await administrator.query("checkpoint");
    },
    remove: async (administrator) =>
      void (await administrator.query("drop table public.demo_control")),
  };
}
