/** INSERT, UPDATE, DELETE. */
import { bindparam, delete_, func, insert, select, update } from "../../../src/sql/index.ts";
import { empty, GoldenAddress, GoldenItem, GoldenUser } from "../../support/domains.ts";
import type { Golden } from "./golden.ts";

const users = GoldenUser.table;
const addresses = GoldenAddress.table;
const items = GoldenItem.table;

const m = select(addresses.c.userId, func.max(addresses.c.email).label("email")).groupBy(addresses.c.userId).cte("m");
const dead = select(users.c.id).where(users.c.active.eq(false)).cte("dead");

export const dml: readonly Golden[] = [
  {
    id: "insert-02",
    statement: insert(users).values({ name: "x", fullname: "y" }),
    sql: {
      default: "INSERT INTO user_account (name, fullname, active) VALUES (:name, :fullname, :active)",
      postgresql:
        "INSERT INTO user_account (name, fullname, active) VALUES (:name, :fullname, :active) RETURNING user_account.id",
    },
    values: ["x", "y", 1],
  },
  {
    id: "insert-04",
    statement: insert(items).values({ name: func.lower("ABC"), price: select(func.max(items.c.price)).scalarSubquery() }),
    sql: {
      default: "INSERT INTO item (name, price) VALUES (lower(:lower_1), (SELECT max(item.price) AS max_1 FROM item))",
      postgresql:
        "INSERT INTO item (name, price) VALUES (lower(:lower_1::VARCHAR), (SELECT max(item.price) AS max_1 FROM item)) RETURNING item.id",
    },
    values: ["ABC"],
  },
  {
    id: "insert-06",
    statement: insert(users).values({ name: "x" }).returning(users.c.id, users.c.createdAt, users.c.id.add(1).label("nxt")),
    sql: {
      default:
        "INSERT INTO user_account (name, active) VALUES (:name, :active) RETURNING user_account.id, user_account.created_at, user_account.id + :id_1 AS nxt",
      sqlite: "INSERT INTO user_account (name, active) VALUES (:name, :active) RETURNING id, created_at, id + :id_1 AS nxt",
      // MySQL has no RETURNING; MariaDB has, which is known once it has been connected to.
      mysql: null,
    },
    values: ["x", 1, 1],
    notOn: ["mysql"],
  },
  {
    // The table there has no columns that are known; this one has a key, which PostgreSQL gives back.
    id: "insert-07",
    statement: insert(empty),
    sql: {
      default: "INSERT INTO t DEFAULT VALUES",
      postgresql: "INSERT INTO t DEFAULT VALUES RETURNING t.id",
      mysql: "INSERT INTO t () VALUES ()",
    },
  },
  {
    id: "update-01",
    statement: update(users).values({ name: "x" }).where(users.c.id.eq(5)),
    sql: { default: "UPDATE user_account SET name=:name WHERE user_account.id = :id_1" },
    values: ["x", 5],
  },
  {
    id: "update-04",
    statement: update(users).values({
      fullname: select(addresses.c.email).where(addresses.c.userId.eq(users.c.id)).limit(1).scalarSubquery(),
    }),
    sql: {
      default:
        "UPDATE user_account SET fullname=(SELECT address.email FROM address WHERE address.user_id = user_account.id LIMIT :param_1)",
      sqlite:
        "UPDATE user_account SET fullname=(SELECT address.email FROM address WHERE address.user_id = user_account.id LIMIT :param_1 OFFSET 0)",
    },
    values: [1],
  },
  {
    id: "update-07",
    statement: update(users)
      .where(users.c.id.eq(bindparam("b_id")))
      .values({ name: bindparam("b_name") }),
    parameters: { b_id: 5, b_name: "x" },
    sql: { default: "UPDATE user_account SET name=:b_name WHERE user_account.id = :b_id" },
    values: ["x", 5],
  },
  { id: "delete-01", statement: delete_(users), sql: { default: "DELETE FROM user_account" } },
  {
    id: "cte-07",
    statement: update(users).values({ fullname: select(m.c.email).where(m.c.userId.eq(users.c.id)).scalarSubquery() }),
    sql: {
      default:
        "WITH m AS (SELECT address.user_id AS user_id, max(address.email) AS email FROM address GROUP BY address.user_id) UPDATE user_account SET fullname=(SELECT m.email FROM m WHERE m.user_id = user_account.id)",
    },
    notOn: ["mariadb"],
  },
  {
    id: "cte-09",
    statement: delete_(addresses).where(addresses.c.userId.in(select(dead.c.id))),
    sql: {
      default:
        "WITH dead AS (SELECT user_account.id AS id FROM user_account WHERE user_account.active = 0) DELETE FROM address WHERE address.user_id IN (SELECT dead.id FROM dead)",
      postgresql:
        "WITH dead AS (SELECT user_account.id AS id FROM user_account WHERE user_account.active = false) DELETE FROM address WHERE address.user_id IN (SELECT dead.id FROM dead)",
      mysql:
        "WITH dead AS (SELECT user_account.id AS id FROM user_account WHERE user_account.active = false) DELETE FROM address WHERE address.user_id IN (SELECT dead.id FROM dead)",
    },
    notOn: ["mariadb"],
  },
  {
    id: "orm_dml-02",
    statement: delete_(GoldenUser).where(GoldenUser.c.id.eq(5)).returning(GoldenUser.c.id),
    sql: {
      default: "DELETE FROM user_account WHERE user_account.id = :id_1 RETURNING user_account.id",
      sqlite: "DELETE FROM user_account WHERE user_account.id = :id_1 RETURNING id",
      mysql: null,
    },
    values: [5],
    notOn: ["mysql"],
  },
];
