/**
 * Random statements for property tests: a recipe is plain data, and `buildSelect` makes the statement with the values given. Two tables
 * of few columns, so that different recipes often come to the same statement.
 */
import fc from "fast-check";
import {
  and,
  case_,
  cast,
  func,
  literal,
  MetaData,
  not,
  or,
  select,
  t,
  type ColumnElement,
  type FromClause,
  type Select,
} from "../../src/sql/index.ts";

export const metadata = new MetaData();
export const people = metadata.table("people", {
  id: t.integer().primaryKey(),
  name: t.string(50),
  age: t.integer().nullable(),
  bossId: t.integer().nullable().named("boss_id"),
});
export const pets = metadata.table("pets", {
  id: t.integer().primaryKey(),
  name: t.string(50),
  ownerId: t.integer().foreignKey(people.c.id).named("owner_id"),
});

export const PEOPLE = [
  { id: 1, name: "ann", age: 30, bossId: null },
  { id: 2, name: "bob", age: null, bossId: 1 },
  { id: 3, name: "cleo", age: 41, bossId: 1 },
  { id: 4, name: "", age: 0, bossId: 3 },
];
export const PETS = [
  { id: 1, name: "rex", ownerId: 1 },
  { id: 2, name: "ann", ownerId: 3 },
  { id: 3, name: "it's", ownerId: 3 },
];

/** Where columns are taken from: the table, or one of two aliases of it. */
type SourceName = "table" | "first" | "second";

export type Condition =
  | {
      readonly kind: "compare";
      readonly operator: "eq" | "ne" | "lt" | "ge";
      readonly source: SourceName;
      readonly column: "id" | "age";
      readonly value: number;
    }
  | { readonly kind: "columns"; readonly left: SourceName; readonly right: SourceName }
  | {
      readonly kind: "name";
      readonly source: SourceName;
      readonly operator: "eq" | "like" | "ilike" | "isDistinctFrom";
      readonly value: string;
    }
  | { readonly kind: "in"; readonly source: SourceName; readonly isNegated: boolean; readonly values: readonly number[] }
  | { readonly kind: "null"; readonly source: SourceName; readonly isNegated: boolean }
  | { readonly kind: "between"; readonly source: SourceName; readonly low: number; readonly high: number }
  | { readonly kind: "shared"; readonly source: SourceName; readonly value: number; readonly isShared: boolean }
  | { readonly kind: "exists"; readonly source: SourceName; readonly value: string }
  | { readonly kind: "and" | "or"; readonly members: readonly Condition[] }
  | { readonly kind: "not"; readonly member: Condition };

export interface Recipe {
  readonly items: readonly (readonly [
    SourceName,
    "id" | "name" | "age" | "count" | "case" | "cast" | "literal",
    string | null,
  ])[];
  readonly conditions: readonly Condition[];
  readonly ordered: boolean;
  readonly limit: number | null;
  readonly offset: number | null;
  readonly distinct: boolean;
  readonly wrap: "none" | "subquery" | "cte" | "union" | "unionAll" | "scalar";
}

const source = fc.constantFrom<SourceName>("table", "first", "second");
const number = fc.integer({ min: -1, max: 42 });
const string = fc.constantFrom("", "ann", "a%", "it's", "%", "rex", "\\x");

export const conditions: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition; leaf: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    tie("leaf"),
    fc.record({ kind: fc.constantFrom("and" as const, "or" as const), members: fc.array(tie("condition"), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant("not" as const), member: tie("condition") }),
  ),
  leaf: fc.oneof(
    fc.record({
      kind: fc.constant("compare" as const),
      operator: fc.constantFrom("eq" as const, "ne" as const, "lt" as const, "ge" as const),
      source,
      column: fc.constantFrom("id" as const, "age" as const),
      value: number,
    }),
    fc.record({ kind: fc.constant("columns" as const), left: source, right: source }),
    fc.record({
      kind: fc.constant("name" as const),
      source,
      operator: fc.constantFrom("eq" as const, "like" as const, "ilike" as const, "isDistinctFrom" as const),
      value: string,
    }),
    fc.record({ kind: fc.constant("in" as const), source, isNegated: fc.boolean(), values: fc.array(number, { maxLength: 3 }) }),
    fc.record({ kind: fc.constant("null" as const), source, isNegated: fc.boolean() }),
    fc.record({ kind: fc.constant("between" as const), source, low: number, high: number }),
    fc.record({ kind: fc.constant("shared" as const), source, value: number, isShared: fc.boolean() }),
    fc.record({ kind: fc.constant("exists" as const), source, value: string }),
  ),
})).condition;

/** Labels that would run together, or mean something, if a key or a compiler were careless. */
const label = fc.constantFrom(null, "n", "a b", "1", "a),column(2,", "x;", ":1", "ü", '"', "`");

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  items: fc.array(
    fc.tuple(
      source,
      fc.constantFrom("id" as const, "name" as const, "age" as const, "case" as const, "cast" as const, "literal" as const),
      label,
    ),
    { minLength: 1, maxLength: 3 },
  ),
  conditions: fc.array(conditions, { maxLength: 2 }),
  ordered: fc.boolean(),
  limit: fc.option(fc.nat(3)),
  offset: fc.option(fc.nat(2)),
  distinct: fc.boolean(),
  wrap: fc.constantFrom(
    "none" as const,
    "none" as const,
    "subquery" as const,
    "cte" as const,
    "union" as const,
    "unionAll" as const,
    "scalar" as const,
  ),
});

type People = typeof people;
type PeopleColumns = { readonly [K in "id" | "name" | "age" | "bossId"]: ColumnElement<never> };

/** The same recipe with all its values changed. */
export function withOtherValues(recipe: Recipe): Recipe {
  const change = (condition: Condition): Condition => {
    switch (condition.kind) {
      case "compare":
      case "shared":
        return { ...condition, value: condition.value + 1 };
      case "name":
      case "exists":
        return { ...condition, value: condition.value === "ann" ? "b%" : "ann" };
      case "in":
        return { ...condition, values: condition.values.length === 0 ? [3, 1] : condition.values.slice(1) };
      case "between":
        return { ...condition, low: condition.low - 3, high: condition.high + 4 };
      case "and":
      case "or":
        return { ...condition, members: condition.members.map(change) };
      case "not":
        return { ...condition, member: change(condition.member) };
      default:
        return condition;
    }
  };
  return {
    ...recipe,
    conditions: recipe.conditions.map(change),
    limit: recipe.limit === null ? null : recipe.limit + 1,
    offset: recipe.offset === null ? null : recipe.offset === 0 ? 1 : 0,
  };
}

export function buildStatement(recipe: Recipe): Select | ReturnType<Select["union"]> {
  const sources: { readonly [S in SourceName]: FromClause<unknown> } = {
    table: people,
    first: people.alias(),
    second: people.alias(),
  };
  const columns = (name: SourceName): PeopleColumns => (sources[name] as People).c as unknown as PeopleColumns;
  const shared = literal(recipe.conditions.length);
  const condition = (each: Condition): ColumnElement<boolean> => {
    switch (each.kind) {
      case "compare":
        return columns(each.source)[each.column][each.operator](each.value as never);
      case "columns":
        return columns(each.left).id.eq(columns(each.right).bossId);
      case "name":
        return columns(each.source).name[each.operator](each.value as never);
      case "in":
        return each.isNegated
          ? columns(each.source).id.notIn(each.values as never)
          : columns(each.source).id.in(each.values as never);
      case "null":
        return each.isNegated ? columns(each.source).age.isNot(null) : columns(each.source).age.is(null);
      case "between":
        return columns(each.source).age.between(each.low as never, each.high as never);
      case "shared": {
        // One parameter in two places is not the same statement as two parameters.
        const [low, high] = each.isShared ? [shared, shared] : [literal(each.value), literal(each.value)];
        return columns(each.source).id.between(low as never, high as never);
      }
      case "exists":
        return select(pets.c.id)
          .where(pets.c.ownerId.eq(columns(each.source).id), pets.c.name.eq(each.value))
          .exists();
      case "and":
        return and(...each.members.map(condition));
      case "or":
        return or(...each.members.map(condition));
      case "not":
        return not(condition(each.member));
    }
  };
  const items = recipe.items.map(([from, kind, name], index) => {
    const c = columns(from);
    const item =
      kind === "case"
        ? case_([[c.id.gt(2 as never), "big"]], { else: "small" })
        : kind === "cast"
          ? cast(c.id, t.string())
          : kind === "literal"
            ? literal("constant")
            : kind === "count"
              ? func.count()
              : c[kind];
    // Outside of a subquery two columns may have one name; a set operation needs as many columns on each side.
    return name === null ? item.label(`column ${index}`) : item.label(`${name}${index}`);
  });
  let statement: Select = select(...(items as ColumnElement[]));
  statement = statement.where(...recipe.conditions.map(condition));
  if (recipe.distinct) statement = statement.distinct();
  if (recipe.ordered) statement = statement.orderBy(...(items as ColumnElement[]));
  statement = statement.limit(recipe.limit).offset(recipe.offset);
  switch (recipe.wrap) {
    case "none":
      return statement;
    case "subquery":
      return select(statement.subquery() as FromClause<unknown>);
    case "cte":
      return select(statement.cte("w") as FromClause<unknown>);
    case "union":
    case "unionAll": {
      // SQLite takes no paging or ordering in the members.
      const plain = statement.limit(null).offset(null).orderBy(null);
      const other = select(
        ...(recipe.items.map(([, kind]) =>
          kind === "name" || kind === "case" || kind === "cast" || kind === "literal" ? pets.c.name : pets.c.id,
        ) as ColumnElement[] as [ColumnElement]),
      );
      return recipe.wrap === "union" ? plain.union(other) : plain.unionAll(other);
    }
    case "scalar":
      return select(
        statement
          .withOnlyColumns(items[0] as ColumnElement)
          .orderBy(null)
          .orderBy(items[0] as ColumnElement)
          .limit(1)
          .scalarSubquery()
          .label("only"),
      );
  }
}
