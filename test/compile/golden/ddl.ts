/** CREATE TABLE and CREATE INDEX. */
import { CreateIndex, CreateTable, Index, MetaData, t } from "../../../src/sql/index.ts";
import { GoldenOrder, goldenOrderItem, GoldenUser } from "../../support/domains.ts";
import type { Golden } from "./golden.ts";

const allTypes = new MetaData().table("all_types", {
  id: t.bigInteger().primaryKey(),
  si: t.smallInteger().nullable(),
  s: t.string(20).nullable(),
  tx: t.text().nullable(),
  b: t.boolean().nullable(),
  n: t.numeric(12, 4).nullable(),
  f: t.float().nullable(),
  f2: t.float(53).nullable(),
  dbl: t.double().nullable(),
  d: t.date().nullable(),
  tm: t.time().nullable(),
  dtz: t.dateTime({ timezone: true }).nullable(),
  dt: t.dateTime().nullable(),
  bin: t.largeBinary().nullable(),
  js: t.json().nullable(),
  uid: t.uuid().nullable(),
});

export const ddl: readonly Golden[] = [
  {
    // Without the kinds of columns that are not there yet (unicode, interval, pickle).
    id: "types-01",
    statement: new CreateTable(allTypes),
    sql: {
      default: null,
      // SQLite numbers a key by itself only where it is written INTEGER, which holds 64 bits there.
      sqlite:
        "CREATE TABLE all_types ( id INTEGER NOT NULL, si SMALLINT, s VARCHAR(20), tx TEXT, b BOOLEAN, n NUMERIC(12, 4), f FLOAT, f2 FLOAT, dbl DOUBLE, d DATE, tm TIME, dtz DATETIME, dt DATETIME, bin BLOB, js JSON, uid CHAR(32), PRIMARY KEY (id) )",
      postgresql:
        "CREATE TABLE all_types ( id BIGSERIAL NOT NULL, si SMALLINT, s VARCHAR(20), tx TEXT, b BOOLEAN, n NUMERIC(12, 4), f FLOAT, f2 FLOAT(53), dbl DOUBLE PRECISION, d DATE, tm TIME WITHOUT TIME ZONE, dtz TIMESTAMP WITH TIME ZONE, dt TIMESTAMP WITHOUT TIME ZONE, bin BYTEA, js JSON, uid UUID, PRIMARY KEY (id) )",
      // MySQL's types without a number of digits would drop the fractions of seconds.
      mysql:
        "CREATE TABLE all_types ( id BIGINT NOT NULL AUTO_INCREMENT, si SMALLINT, s VARCHAR(20), tx TEXT, b BOOL, n NUMERIC(12, 4), f FLOAT, f2 FLOAT(53), dbl DOUBLE, d DATE, tm TIME(6), dtz DATETIME(6), dt DATETIME(6), bin BLOB, js JSON, uid CHAR(32), PRIMARY KEY (id) )",
    },
  },
  {
    // `status` is an enum there; here it is text.
    id: "ddl-02",
    statement: new CreateTable(GoldenOrder.table),
    sql: {
      default: null,
      sqlite:
        "CREATE TABLE orders ( id INTEGER NOT NULL, user_id INTEGER, status VARCHAR(7), amount NUMERIC(10, 2) NOT NULL, data JSON, placed DATETIME, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES user_account (id) )",
      postgresql:
        "CREATE TABLE orders ( id SERIAL NOT NULL, user_id INTEGER, status VARCHAR(7), amount NUMERIC(10, 2) NOT NULL, data JSON, placed TIMESTAMP WITHOUT TIME ZONE, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES user_account (id) )",
      mysql:
        "CREATE TABLE orders ( id INTEGER NOT NULL AUTO_INCREMENT, user_id INTEGER, status VARCHAR(7), amount NUMERIC(10, 2) NOT NULL, data JSON, placed DATETIME(6), PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES user_account (id) )",
    },
  },
  {
    id: "ddl-03",
    statement: new CreateTable(goldenOrderItem),
    sql: {
      default:
        "CREATE TABLE order_item ( order_id INTEGER NOT NULL, item_id INTEGER NOT NULL, PRIMARY KEY (order_id, item_id), FOREIGN KEY(order_id) REFERENCES orders (id), FOREIGN KEY(item_id) REFERENCES item (id) )",
    },
  },
  {
    id: "ddl-07",
    statement: new CreateIndex(GoldenUser.table, new Index("ix_users_name", [GoldenUser.c.name, GoldenUser.c.id.desc()], true)),
    sql: { default: "CREATE UNIQUE INDEX ix_users_name ON user_account (name, id DESC)" },
  },
];
