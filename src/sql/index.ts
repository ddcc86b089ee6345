/** What of the expression language users see; re-exported by the entry points. */
export { select, insert, update, delete_ } from "./build/statements.ts";
export {
  and,
  or,
  not,
  exists,
  null_,
  true_,
  false_,
  asc,
  desc,
  distinct,
  tuple,
  literal,
  literalColumn,
  bindparam,
  cast,
  case_,
  func,
} from "./build/expressions.ts";
export { text, sql, TextClause } from "./nodes/text.ts";
export type { CompiledText, CompileOptions } from "./nodes/node.ts";
export { ColumnElement, type Attribute, type Named, type Operand } from "./nodes/element.ts";
export { FromClause, type Alias, type Cte, type Join, type Subquery } from "./nodes/from.ts";
export { Select, CompoundSelect } from "./nodes/select.ts";
export { Insert, Update, Delete } from "./nodes/dml.ts";
export { CreateTable, DropTable, CreateIndex } from "./nodes/ddl.ts";
export { t } from "./schema/t.ts";
export { ColumnSpec, type ForeignKeyOptions } from "./schema/columnSpec.ts";
export type { DefaultContext, DefaultSource } from "./schema/columnDefault.ts";
export { Column, ForeignKey } from "./schema/column.ts";
export { Table, type TableColumns } from "./schema/table.ts";
export { MetaData, type CreateOptions } from "./schema/metadata.ts";
export { unique, index, UniqueConstraint, Index } from "./schema/constraints.ts";
export type { Executable, RowOf, InsertRow, UpdateRow } from "./typing.ts";
