/** Selects of mapped classes, as a session executes them. */
import { joinedload } from "../../../src/orm/index.ts";
import { select } from "../../../src/sql/index.ts";
import { GoldenItem, GoldenNode, GoldenOrder, GoldenUser } from "../../support/domains.ts";
import type { Golden } from "./golden.ts";

export const orm: readonly Golden[] = [
  {
    id: "orm_select-01",
    statement: select(GoldenUser),
    sql: {
      default:
        "SELECT user_account.id, user_account.name, user_account.fullname, user_account.active, user_account.created_at FROM user_account",
    },
  },
  {
    id: "orm_select-03",
    statement: select(GoldenUser).join(GoldenUser.c.orders).join(GoldenOrder.c.items).where(GoldenItem.c.name.eq("x")).distinct(),
    sql: {
      default:
        "SELECT DISTINCT user_account.id, user_account.name, user_account.fullname, user_account.active, user_account.created_at FROM user_account JOIN orders ON user_account.id = orders.user_id JOIN order_item AS order_item_1 ON orders.id = order_item_1.order_id JOIN item ON item.id = order_item_1.item_id WHERE item.name = :name_1",
      mysql:
        "SELECT DISTINCT user_account.id, user_account.name, user_account.fullname, user_account.active, user_account.created_at FROM user_account INNER JOIN orders ON user_account.id = orders.user_id INNER JOIN order_item AS order_item_1 ON orders.id = order_item_1.order_id INNER JOIN item ON item.id = order_item_1.item_id WHERE item.name = :name_1",
    },
    values: ["x"],
  },
  {
    id: "orm_load-01",
    statement: select(GoldenUser).options(joinedload(GoldenUser.c.addresses)),
    sql: {
      default:
        "SELECT user_account.id, user_account.name, user_account.fullname, user_account.active, user_account.created_at, address_1.id AS id_1, address_1.user_id, address_1.email FROM user_account LEFT OUTER JOIN address AS address_1 ON user_account.id = address_1.user_id ORDER BY address_1.id",
    },
  },
  {
    id: "orm_load-07",
    statement: select(GoldenNode).options(joinedload(GoldenNode.c.children)),
    sql: {
      default:
        "SELECT node.id, node.parent_id, node.name, node_1.id AS id_1, node_1.parent_id AS parent_id_1, node_1.name AS name_1 FROM node LEFT OUTER JOIN node AS node_1 ON node.id = node_1.parent_id",
    },
  },
];
