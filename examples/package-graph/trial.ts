/**
 * An update that is taken back: changes an object and, with one statement, some hundred rows, looks at both, rolls back, and looks again
 * from another connection. main.ts calls it. Nothing that it does is committed.
 */
import { func, select, update, type Executable } from "athanor";
import type { AnySession, Database, Executor } from "./database.ts";
import { Dependency, Package } from "./models.ts";

/** The two things that are changed, at one moment. */
export interface Moment {
  readonly name: string;
  readonly devDependencies: number;
}

export interface Trial {
  readonly before: Moment;
  readonly during: Moment;
  readonly after: Moment;
  /** Rows that the UPDATE has matched. */
  readonly matched: number;
}

const countDevelopment = select(func.count()).selectFrom(Dependency).where(Dependency.c.kind.eq("dev"));
const forgetDevelopment = update(Dependency).where(Dependency.c.kind.eq("dev")).values({ kind: "prod" });

/**
 * Renames a package and makes every development dependency one for production; then rolls back.
 *
 * @throws Error when the rollback has not restored everything, in the database or in the object
 */
export async function tryAndTakeBack(database: Database, packageId: number): Promise<Trial> {
  const trial = await changeAndRollBack(database, packageId);
  await using witness = await database.connect();
  const stored = await look(witness, packageId);
  for (const { name, devDependencies } of [trial.after, stored])
    if (name !== trial.before.name || devDependencies !== trial.before.devDependencies)
      throw new Error("The rollback did not restore what was there before");
  return trial;
}

async function changeAndRollBack(database: Database, packageId: number): Promise<Trial> {
  await using session = database.session();
  const before = await look(session, packageId);
  const subject = await findPackage(session, packageId);

  // Nothing is sent for the new name until it matters: the session flushes it before the next statement.
  subject.name = subject.name.toUpperCase();
  const matched = await execute(session, forgetDevelopment);
  const during = await look(session, packageId);

  await session.rollback();
  // All objects are read anew after a rollback: this one now, by refresh(). A synchronous session would also do it on the next read.
  await session.refresh(subject);
  const { devDependencies } = await look(session, packageId);
  return { before, during, after: { name: subject.name, devDependencies }, matched };
}

async function findPackage(session: AnySession, id: number): Promise<Package> {
  return (await session.execute(select(Package).where(Package.c.id.eq(id)))).scalars().one();
}

/** The number of rows that a statement has matched. */
async function execute(executor: Executor, statement: Executable): Promise<number> {
  return (await executor.execute(statement)).rowcount;
}

/** What the database has, past all objects. */
async function look(executor: Executor, packageId: number): Promise<Moment> {
  const name = (await executor.execute(select(Package.c.name).where(Package.c.id.eq(packageId)))).scalarOne();
  const devDependencies = (await executor.execute(countDevelopment)).scalarOne();
  return { name, devDependencies };
}
