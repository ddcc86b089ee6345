/**
 * The bank's two tables. Amounts are whole cents in 64-bit integers, because every database counts those exactly. Everything else in this
 * folder builds its statements from these tables; nothing here runs any.
 */
import { MetaData, t } from "athanor";

export const metadata = new MetaData();

export const accounts = metadata.table("bank_accounts", {
  id: t.integer().primaryKey(),
  owner: t.string(100),
  cents: t.bigInteger(),
});

export const transfers = metadata.table("bank_transfers", {
  /** Made by whoever asks for the transfer, so that asking twice does not book twice. */
  key: t.uuid().primaryKey(),
  fromId: t.integer().foreignKey(accounts.c.id).index().named("from_id"),
  toId: t.integer().foreignKey(accounts.c.id).index().named("to_id"),
  cents: t.bigInteger(),
  bookedAt: t
    .dateTime({ timezone: true })
    .default(() => new Date())
    .named("booked_at"),
});
