/** The table that the workloads work on, as athanor maps it and as raw SQL creates it. */
import { declarativeBase, t } from "athanor/orm";

const Base = declarativeBase({ casing: "snake_case" });

export class Person extends Base.model("bench_people", {
  id: t.integer().primaryKey(),
  name: t.string(100),
  email: t.string(100),
  age: t.integer(),
  active: t.boolean(),
  createdAt: t.dateTime(),
}) {}

export const metadata = Base.metadata;

/** The values of the n-th row. Both sides insert the same. */
export function personValues(n: number): { name: string; email: string; age: number; active: boolean; createdAt: Date } {
  return {
    name: `person ${n}`,
    email: `person${n}@example.org`,
    age: n % 90,
    active: n % 2 === 0,
    createdAt: new Date(1_700_000_000_000 + n * 1000),
  };
}

export const COLUMNS = "id, name, email, age, active, created_at";
