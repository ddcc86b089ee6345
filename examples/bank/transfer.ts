/**
 * Moving money: each transfer is one serializable transaction, which `engine.run` does again when it collides with another, and which is
 * booked once however often it is asked for. main.ts and the tests call it. It prints nothing.
 */
import {
  type AsyncConnection,
  type AsyncEngine,
  CommitOutcomeUnknownError,
  func,
  insert,
  IntegrityError,
  select,
  update,
} from "athanor";
import { accounts, transfers } from "./tables.ts";

export interface TransferOrder {
  /** A UUID that the customer's program has made; it names this transfer for good. */
  readonly key: string;
  readonly fromId: number;
  readonly toId: number;
  readonly cents: bigint;
}

export type Outcome = "booked" | "booked before";

/** The bank's own refusal. It is no database error, so `run` rolls back and does not try again. */
export class InsufficientFunds extends Error {
  override readonly name = "InsufficientFunds";
}

/** How often a transfer is asked for when nobody can say whether its COMMIT has arrived. */
const ATTEMPTS = 3;

/**
 * Books a transfer, once.
 *
 * @throws InsufficientFunds where the account does not have so much; what the database reports otherwise
 */
export async function transfer(engine: AsyncEngine, order: TransferOrder, signal?: AbortSignal): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Twenty retries: a busy account collides often, and each collision is over in milliseconds.
      return await engine.run((connection) => book(connection, order), {
        isolationLevel: "SERIALIZABLE",
        retries: 20,
        signal,
      });
    } catch (error) {
      // Somebody else has booked the same key between our look and our INSERT.
      if (error instanceof IntegrityError && (await isBooked(engine, order.key))) return "booked before";
      // The connection was lost in COMMIT. `run` does not repeat that, since for all it knows the money has moved. We can: the key
      // tells on the next attempt whether it has, and keeps it from moving twice.
      if (!(error instanceof CommitOutcomeUnknownError) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** May run several times for one transfer: it does nothing outside of the database. */
async function book(connection: AsyncConnection, { key, fromId, toId, cents }: TransferOrder): Promise<Outcome> {
  const before = await connection.scalar(select(transfers.c.key).where(transfers.c.key.eq(key)));
  if (before !== null) return "booked before";

  const balance = await connection.scalar(select(accounts.c.cents).where(accounts.c.id.eq(fromId)));
  if (balance === null) throw new RangeError(`There is no account ${fromId}`);
  if (balance < cents) throw new InsufficientFunds(`Account ${fromId} has ${balance} cents; ${cents} were asked for`);

  // The foreign key refuses an account that is not there.
  await connection.execute(insert(transfers), { key, fromId, toId, cents });
  await connection.execute(
    update(accounts)
      .where(accounts.c.id.eq(fromId))
      .values({ cents: accounts.c.cents.sub(cents) }),
  );
  await connection.execute(
    update(accounts)
      .where(accounts.c.id.eq(toId))
      .values({ cents: accounts.c.cents.add(cents) }),
  );
  return "booked";
}

async function isBooked(engine: AsyncEngine, key: string): Promise<boolean> {
  await using connection = await engine.connect();
  return (await connection.scalar(select(transfers.c.key).where(transfers.c.key.eq(key)))) !== null;
}

/** Opens accounts with the same balance each, numbered from 1. */
export async function openAccounts(engine: AsyncEngine, count: number, cents: bigint): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => ({ id: index + 1, owner: `Customer ${index + 1}`, cents }));
  await engine.begin((connection) => connection.execute(insert(accounts), rows));
}

/** All the money in the bank: transfers never change it. */
export async function totalCents(engine: AsyncEngine): Promise<bigint> {
  await using connection = await engine.connect();
  return (await connection.scalar(select(func.sum(accounts.c.cents)))) ?? 0n;
}
