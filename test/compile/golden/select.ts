/** SELECT: columns, conditions, grouping, paging, subqueries, joins, set operations. */
import {
  and,
  case_,
  cast,
  exists,
  false_,
  func,
  literal,
  literalColumn,
  not,
  null_,
  or,
  select,
  t,
  true_,
} from "../../../src/sql/index.ts";
import {
  GoldenAddress,
  GoldenItem,
  GoldenNode,
  GoldenOrder,
  goldenOrderItem,
  GoldenUser,
  reserved,
  t1,
} from "../../support/domains.ts";
import type { Golden } from "./golden.ts";

const users = GoldenUser.table;
const addresses = GoldenAddress.table;
const orders = GoldenOrder.table;
const items = GoldenItem.table;
const nodes = GoldenNode.table;

const [a1, a2] = [users.alias(), users.alias()];
const counted = select(users.c.id, users.c.name, func.count().label("cnt")).groupBy(users.c.id).subquery();
const agg = select(addresses.c.userId, func.count().label("n")).groupBy(addresses.c.userId).subquery("agg");
const ids = select(users.c.id).union(select(addresses.c.id)).subquery("u");
const roots = select(nodes.c.id, literal(0).label("lvl")).where(nodes.c.parentId.eq(null)).cte("tree", { recursive: true });
const tree = roots.unionAll(select(nodes.c.id, roots.c.lvl.add(1)).where(nodes.c.parentId.eq(roots.c.id)));
const c = select(users.c.id).cte("c");

export const selects: readonly Golden[] = [
  {
    id: "select-01",
    statement: select(users.c.id, users.c.name),
    sql: { default: "SELECT user_account.id, user_account.name FROM user_account" },
  },
  {
    id: "select-02",
    statement: select(users.c.id).where(users.c.name.eq("spongebob")),
    sql: { default: "SELECT user_account.id FROM user_account WHERE user_account.name = :name_1" },
    values: ["spongebob"],
  },
  {
    id: "select-04",
    statement: select(users.c.id).where(or(and(users.c.id.gt(5), users.c.id.lt(10)), not(users.c.name.like("a%")))),
    sql: {
      default:
        "SELECT user_account.id FROM user_account WHERE user_account.id > :id_1 AND user_account.id < :id_2 OR user_account.name NOT LIKE :name_1",
    },
    values: [5, 10, "a%"],
  },
  {
    id: "select-07",
    statement: select(t1.c.a).where(and(true_(), t1.c.a.eq(1)), or(false_(), t1.c.b.eq(2))),
    sql: { default: "SELECT t1.a FROM t1 WHERE t1.a = :a_1 AND t1.b = :b_1" },
    values: [1, 2],
  },
  {
    // The list is written out when it is executed.
    id: "select-08",
    statement: select(users.c.id).where(users.c.id.in([1, 2, 3])),
    sql: { default: "SELECT user_account.id FROM user_account WHERE user_account.id IN (:id_1_1, :id_1_2, :id_1_3)" },
    values: [1, 2, 3],
  },
  {
    id: "select-10",
    statement: select(users.c.id).where(users.c.id.in([]), users.c.name.notIn([])),
    sql: {
      default:
        "SELECT user_account.id FROM user_account WHERE user_account.id IN (NULL) AND (1 != 1) AND (user_account.name NOT IN (NULL) OR (1 = 1))",
      sqlite:
        "SELECT user_account.id FROM user_account WHERE user_account.id IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1) AND (user_account.name NOT IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1))",
    },
    values: [],
  },
  {
    id: "select-12",
    statement: select(users.c.id).where(users.c.id.notIn(select(addresses.c.userId))),
    sql: {
      default: "SELECT user_account.id FROM user_account WHERE (user_account.id NOT IN (SELECT address.user_id FROM address))",
    },
  },
  {
    id: "select-15",
    statement: select(users.c.id).where(users.c.fullname.is(null), users.c.name.isNot(null), users.c.name.isDistinctFrom("q")),
    sql: {
      default:
        "SELECT user_account.id FROM user_account WHERE user_account.fullname IS NULL AND user_account.name IS NOT NULL AND user_account.name IS DISTINCT FROM :name_1",
      sqlite:
        "SELECT user_account.id FROM user_account WHERE user_account.fullname IS NULL AND user_account.name IS NOT NULL AND user_account.name IS NOT :name_1",
      mysql:
        "SELECT user_account.id FROM user_account WHERE user_account.fullname IS NULL AND user_account.name IS NOT NULL AND NOT (user_account.name <=> :name_1)",
    },
    values: ["q"],
  },
  {
    id: "select-17",
    statement: select(users.c.name, func.count(users.c.id).label("cnt"))
      .groupBy(users.c.name)
      .having(func.count(users.c.id).gt(2))
      .orderBy("cnt"),
    sql: {
      default:
        "SELECT user_account.name, count(user_account.id) AS cnt FROM user_account GROUP BY user_account.name HAVING count(user_account.id) > :count_1 ORDER BY cnt",
    },
    values: [2],
  },
  {
    // SQLite's and the default's "no limit" is written, not sent: it is the same in every execution.
    id: "select-21",
    statement: select(users.c.id).offset(20),
    sql: {
      default: "SELECT user_account.id FROM user_account LIMIT -1 OFFSET :param_1",
      postgresql: "SELECT user_account.id FROM user_account LIMIT ALL OFFSET :param_1",
      mysql: "SELECT user_account.id FROM user_account LIMIT :param_1, 18446744073709551615",
    },
    values: [20],
  },
  {
    id: "select-27",
    statement: select(
      case_(
        [
          ["wendy", "w"],
          ["jack", "j"],
        ].map(([result, when]) => [when, result] as const),
        { value: users.c.name, else: null_() },
      ),
    ),
    sql: {
      default:
        "SELECT CASE user_account.name WHEN :param_1 THEN :param_2 WHEN :param_3 THEN :param_4 ELSE NULL END AS anon_1 FROM user_account",
      // The server would take the results for text of unknown type.
      postgresql:
        "SELECT CASE user_account.name WHEN :param_1 THEN :param_2::VARCHAR WHEN :param_3 THEN :param_4::VARCHAR ELSE NULL END AS anon_1 FROM user_account",
    },
    values: ["w", "wendy", "j", "jack"],
  },
  {
    // Without the type_coerce, which is not there yet.
    id: "select-28",
    statement: select(cast(users.c.id, t.string()), cast(5, t.integer()), cast(users.c.id, t.numeric(10, 4))),
    sql: {
      default:
        "SELECT CAST(user_account.id AS VARCHAR) AS id, CAST(:param_1 AS INTEGER) AS anon_1, CAST(user_account.id AS NUMERIC(10, 4)) AS id__1 FROM user_account",
      mysql:
        "SELECT CAST(user_account.id AS CHAR) AS id, CAST(:param_1 AS SIGNED INTEGER) AS anon_1, CAST(user_account.id AS DECIMAL(10, 4)) AS id__1 FROM user_account",
    },
  },
  {
    id: "select-30",
    statement: select(exists(select(literalColumn("*")).selectFrom(users, addresses).where(users.c.id.eq(addresses.c.userId)))),
    sql: { default: "SELECT EXISTS (SELECT * FROM user_account, address WHERE user_account.id = address.user_id) AS anon_1" },
  },
  {
    id: "select-32",
    statement: select(
      users.c.name,
      select(func.count(addresses.c.id)).where(addresses.c.userId.eq(users.c.id)).scalarSubquery().label("n"),
    ),
    sql: {
      default:
        "SELECT user_account.name, (SELECT count(address.id) AS count_1 FROM address WHERE address.user_id = user_account.id) AS n FROM user_account",
    },
  },
  {
    id: "select-35",
    statement: select(a1.c.name, a2.c.name).where(a1.c.id.lt(a2.c.id)),
    sql: {
      default:
        "SELECT user_account_1.name, user_account_2.name AS name_1 FROM user_account AS user_account_1, user_account AS user_account_2 WHERE user_account_1.id < user_account_2.id",
    },
  },
  {
    id: "select-36",
    statement: select(counted.c.id, counted.c.name).where(counted.c.cnt.gt(5)),
    sql: {
      default:
        "SELECT anon_1.id, anon_1.name FROM (SELECT user_account.id AS id, user_account.name AS name, count(*) AS cnt FROM user_account GROUP BY user_account.id) AS anon_1 WHERE anon_1.cnt > :cnt_1",
    },
    values: [5],
  },
  {
    id: "select-43",
    statement: select(reserved.c.group, reserved.c.select, reserved.c["Mixed Case"]).where(reserved.c.group.eq(5)),
    sql: {
      default: 'SELECT "order"."group", "order"."select", "order"."Mixed Case" FROM "order" WHERE "order"."group" = :group_1',
      mysql: "SELECT `order`.`group`, `order`.`select`, `order`.`Mixed Case` FROM `order` WHERE `order`.`group` = :group_1",
    },
    values: [5],
  },
  {
    // A literal on the left side has no column beside it to be named after: param_1, not s_3.
    id: "select-47",
    statement: select(t1.c.s.add("x").add(t1.c.s), t1.c.s.concat("y"), literal("z").concat(t1.c.s)),
    sql: {
      default: "SELECT t1.s || :s_1 || t1.s AS anon_1, t1.s || :s_2 AS anon_2, :param_1 || t1.s AS anon_3 FROM t1",
      mysql: "SELECT concat(t1.s, :s_1, t1.s) AS anon_1, concat(t1.s, :s_2) AS anon_2, concat(:param_1, t1.s) AS anon_3 FROM t1",
    },
    values: ["x", "y", "z"],
  },
  {
    id: "select-55",
    statement: select(users.c.id, addresses.c.id, users.c.id, literalColumn("1"), literalColumn("1")),
    sql: { default: "SELECT user_account.id, address.id AS id_1, user_account.id AS id__1, 1, 1 FROM user_account, address" },
  },
  {
    // With bound values: writing them into the text (literalBinds) is not there yet.
    id: "select-57",
    statement: select(users.c.id).where(users.c.name.eq("O'Brien"), users.c.id.eq(5), users.c.active.eq(true)).limit(3),
    sql: {
      default:
        "SELECT user_account.id FROM user_account WHERE user_account.name = :name_1 AND user_account.id = :id_1 AND user_account.active = 1 LIMIT :param_1",
      // SQLAlchemy adds OFFSET 0 on SQLite, which changes nothing: so do we.
      sqlite:
        "SELECT user_account.id FROM user_account WHERE user_account.name = :name_1 AND user_account.id = :id_1 AND user_account.active = 1 LIMIT :param_1 OFFSET 0",
      postgresql:
        "SELECT user_account.id FROM user_account WHERE user_account.name = :name_1 AND user_account.id = :id_1 AND user_account.active = true LIMIT :param_1",
      mysql:
        "SELECT user_account.id FROM user_account WHERE user_account.name = :name_1 AND user_account.id = :id_1 AND user_account.active = true LIMIT :param_1",
    },
    values: ["O'Brien", 5, 3],
  },
  {
    id: "join-01",
    statement: select(users.c.name, addresses.c.email).join(addresses),
    sql: {
      default: "SELECT user_account.name, address.email FROM user_account JOIN address ON user_account.id = address.user_id",
      mysql: "SELECT user_account.name, address.email FROM user_account INNER JOIN address ON user_account.id = address.user_id",
    },
  },
  {
    id: "join-04",
    statement: select(orders.c.id, items.c.name)
      .join(goldenOrderItem, orders.c.id.eq(goldenOrderItem.c.order_id))
      .join(items, items.c.id.eq(goldenOrderItem.c.item_id)),
    sql: {
      default:
        "SELECT orders.id, item.name FROM orders JOIN order_item ON orders.id = order_item.order_id JOIN item ON item.id = order_item.item_id",
      mysql:
        "SELECT orders.id, item.name FROM orders INNER JOIN order_item ON orders.id = order_item.order_id INNER JOIN item ON item.id = order_item.item_id",
    },
  },
  {
    id: "join-07",
    statement: select(users.c.name, agg.c.n).selectFrom(users).join(agg, users.c.id.eq(agg.c.userId)),
    sql: {
      default:
        "SELECT user_account.name, agg.n FROM user_account JOIN (SELECT address.user_id AS user_id, count(*) AS n FROM address GROUP BY address.user_id) AS agg ON user_account.id = agg.user_id",
      mysql:
        "SELECT user_account.name, agg.n FROM user_account INNER JOIN (SELECT address.user_id AS user_id, count(*) AS n FROM address GROUP BY address.user_id) AS agg ON user_account.id = agg.user_id",
    },
  },
  {
    id: "setops-01",
    statement: select(users.c.id).union(select(addresses.c.id)),
    sql: { default: "SELECT user_account.id FROM user_account UNION SELECT address.id FROM address" },
  },
  {
    id: "setops-03",
    statement: select(users.c.id).limit(1).unionAll(select(addresses.c.id).orderBy(addresses.c.id).limit(2)),
    sql: {
      default:
        "(SELECT user_account.id FROM user_account LIMIT :param_1) UNION ALL (SELECT address.id FROM address ORDER BY address.id LIMIT :param_2)",
      // Offset 0 is written, not sent.
      sqlite:
        "(SELECT user_account.id FROM user_account LIMIT :param_1 OFFSET 0) UNION ALL (SELECT address.id FROM address ORDER BY address.id LIMIT :param_2 OFFSET 0)",
    },
    values: [1, 2],
    // SQLite takes no parentheses around the members.
    notOn: ["sqlite"],
  },
  {
    id: "setops-06",
    statement: select(ids.c.id, func.count()).groupBy(ids.c.id),
    sql: {
      default:
        "SELECT u.id, count(*) AS count_1 FROM (SELECT user_account.id AS id FROM user_account UNION SELECT address.id AS id FROM address) AS u GROUP BY u.id",
    },
  },
  {
    id: "cte-02",
    statement: select(tree.c.id, tree.c.lvl),
    sql: {
      default:
        "WITH RECURSIVE tree(id, lvl) AS (SELECT node.id AS id, :param_1 AS lvl FROM node WHERE node.parent_id IS NULL UNION ALL SELECT node.id AS id, tree.lvl + :lvl_1 AS anon_1 FROM node, tree WHERE node.parent_id = tree.id) SELECT tree.id, tree.lvl FROM tree",
      // A bare parameter in the list of columns would be text.
      postgresql:
        "WITH RECURSIVE tree(id, lvl) AS (SELECT node.id AS id, :param_1::INTEGER AS lvl FROM node WHERE node.parent_id IS NULL UNION ALL SELECT node.id AS id, tree.lvl + :lvl_1 AS anon_1 FROM node, tree WHERE node.parent_id = tree.id) SELECT tree.id, tree.lvl FROM tree",
    },
    values: [0, 1],
  },
  {
    id: "cte-04",
    statement: select(c.c.id, c.alias("cc").c.id),
    sql: { default: "WITH c AS (SELECT user_account.id AS id FROM user_account) SELECT c.id, cc.id AS id_1 FROM c, c AS cc" },
  },
  {
    id: "functions-02",
    statement: select(
      func.coalesce(users.c.fullname, "none").add("x"),
      func.lower(users.c.name),
      func.char_length(users.c.name),
      func.concat("a", users.c.name, "b"),
    ),
    sql: {
      default:
        "SELECT coalesce(user_account.fullname, :coalesce_1) || :coalesce_2 AS anon_1, lower(user_account.name) AS lower_1, char_length(user_account.name) AS char_length_1, concat(:concat_2, user_account.name, :concat_3) AS concat_1 FROM user_account",
      sqlite:
        "SELECT coalesce(user_account.fullname, :coalesce_1) || :coalesce_2 AS anon_1, lower(user_account.name) AS lower_1, length(user_account.name) AS char_length_1, concat(:concat_2, user_account.name, :concat_3) AS concat_1 FROM user_account",
      // Arguments of functions are cast, because functions are chosen by them.
      postgresql:
        "SELECT coalesce(user_account.fullname, :coalesce_1::VARCHAR) || :coalesce_2 AS anon_1, lower(user_account.name) AS lower_1, char_length(user_account.name) AS char_length_1, concat(:concat_2::VARCHAR, user_account.name, :concat_3::VARCHAR) AS concat_1 FROM user_account",
      mysql:
        "SELECT concat(coalesce(user_account.fullname, :coalesce_1), :coalesce_2) AS anon_1, lower(user_account.name) AS lower_1, char_length(user_account.name) AS char_length_1, concat(:concat_2, user_account.name, :concat_3) AS concat_1 FROM user_account",
    },
    values: ["none", "x", "a", "b"],
  },
];
