/** Which class has which kind; the compiler's table of renderers is typed by it. */
import type { AddForeignKey, CreateIndex, CreateTable, DropForeignKey, DropTable } from "../nodes/ddl.ts";
import type { Delete, Insert, Update } from "../nodes/dml.ts";
import type * as element from "../nodes/element.ts";
import type * as from from "../nodes/from.ts";
import type { Node } from "../nodes/node.ts";
import type { CompoundSelect, JoinStep, Select } from "../nodes/select.ts";
import type { TextClause } from "../nodes/text.ts";
import type { Column } from "../schema/column.ts";
import type { Table } from "../schema/table.ts";

export interface NodeOfKind {
  column: Column;
  derivedColumn: from.DerivedColumn;
  bind: element.BindParameter;
  binary: element.BinaryExpression;
  unary: element.UnaryExpression;
  booleanList: element.BooleanClauseList;
  expressionList: element.ExpressionList;
  label: element.Label;
  labelReference: element.LabelReference;
  function: element.FunctionElement;
  case: element.CaseExpression;
  cast: element.Cast;
  constant: element.Constant;
  text: TextClause;
  scalarSelect: from.ScalarSelect;
  exists: from.Exists;
  table: Table;
  alias: from.Alias<unknown>;
  subquery: from.Subquery<unknown>;
  cte: from.Cte<unknown>;
  join: from.Join;
  entity: from.EntityClause;
  relationship: Node;
  select: Select;
  joinStep: JoinStep;
  compound: CompoundSelect;
  insert: Insert<never, readonly unknown[]>;
  update: Update<never, readonly unknown[]>;
  delete: Delete<readonly unknown[]>;
  createTable: CreateTable;
  dropTable: DropTable;
  createIndex: CreateIndex;
  addConstraint: AddForeignKey;
  dropConstraint: DropForeignKey;
}
