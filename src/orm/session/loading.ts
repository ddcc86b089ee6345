/**
 * Loading objects for a session: statements of entities, single objects by key, and relationships by a further SELECT (when they are read,
 * or for many objects at once). What a statement compiles to is kept per engine.
 */
import { ObjectDeletedError } from "../../errors/orm.ts";
import type { ExecutionOptions } from "../../engine/options/executionOptions.ts";
import type { EngineCore } from "../../engine/engineCore.ts";
import { asRow, rowShape } from "../../engine/results/row.ts";
import { Result } from "../../engine/results/result.ts";
import type { Io } from "../../io/io.ts";
import type { Compiled } from "../../sql/compile/compiled.ts";
import { compile } from "../../sql/compile/compiler.ts";
import { planCompiled, type Parameters, type ParameterSet } from "../../sql/compile/execute.ts";
import { BinaryExpression, BindParameter, BooleanClauseList, type ColumnElement } from "../../sql/nodes/element.ts";
import { JoinStep, Select } from "../../sql/nodes/select.ts";
import type { Column } from "../../sql/schema/column.ts";
import { cacheKey } from "../../sql/traverse/cacheKey.ts";
import { BOOLEAN } from "../../types/sqlType.ts";
import { Lru } from "../../util/lru.ts";
import { MappedEntity, type Entity, type IdentityKey, type Mapper } from "../mapping/mapper.ts";
import type { Relationship } from "../mapping/relationship.ts";
import { stateOf, type InstanceState } from "../state/instanceState.ts";
import { pairsCondition } from "../load/conditions.ts";
import { LoadTree, TreeOption } from "../load/options.ts";
import { Hydrator, setLoaded, type ItemPlan, type RowPlan } from "../load/rowPlan.ts";
import { buildSelect } from "../load/selectBuilder.ts";
import type { SessionCore } from "./sessionCore.ts";

/** A statement as the ORM runs it again and again. */
interface OrmStatement {
  readonly compiled: Compiled;
  readonly plan: RowPlan;
}

/** How a compiled statement is run. */
interface Execution {
  /** True where a list of parameter sets was given. */
  readonly isMany: boolean;
  readonly isCached: boolean;
  /** True to overwrite what is loaded already. */
  readonly refresh: boolean;
  readonly started: number | null;
}

/** Compiled ORM statements of an engine; as many as it keeps of others. */
const cacheOfEngine = new WeakMap<EngineCore, Lru<string, OrmStatement>>();

/** How many keys one SELECT … IN takes, as in SQLAlchemy. */
const KEYS_PER_STATEMENT = 500;

export class SessionLoader {
  readonly #session: SessionCore;
  readonly #engine: EngineCore;
  readonly #cache: Lru<string, OrmStatement>;

  /** The options of the select that is under way; null for those of the connection. */
  #options: ExecutionOptions | null = null;

  constructor(session: SessionCore, engine: EngineCore) {
    this.#session = session;
    this.#engine = engine;
    let cache = cacheOfEngine.get(engine);
    if (cache === undefined) {
      cache = new Lru<string, OrmStatement>(engine.settings.queryCacheSize);
      cacheOfEngine.set(engine, cache);
    }
    this.#cache = cache;
  }

  /** Runs a select of entities; its rows hold objects. */
  /** @param options with which the select, and what its loader options lead to, are run */
  *execute(select: Select, parameters: Parameters | undefined, options: ExecutionOptions): Io<Result> {
    this.#options = options;
    try {
      return yield* this.#execute(select, parameters);
    } finally {
      this.#options = null;
    }
  }

  *#execute(select: Select, parameters: Parameters | undefined): Io<Result> {
    const { plan, rows } = yield* this.#rows(select, parameters);
    const shape = rowShape(plan.names);
    for (const row of rows) asRow(row, shape);
    return new Result(rows, shape.names, { rowcount: -1, lastrowid: null, isInsert: false, isMany: false, insertedKeys: null });
  }

  /** The object with this primary key, its columns loaded; null where there is no row. */
  *byKey(mapper: Mapper, values: readonly unknown[], refresh: boolean): Io<Entity | null> {
    const binds = mapper.primaryKey.map(({ column }, index) => new BindParameter("pk", values[index], column.type));
    // Its key is always the same: building the statement only to find it cost a third of a get.
    const key = `get ${mapper.table.id}`;
    const started = this.#now();
    const known = this.#cache.get(key);
    const statement = known ?? this.#compile(key, binds, () => selectByKey(mapper, binds));
    const how = { isMany: false, isCached: known !== undefined, refresh, started };
    const rows = yield* this.#run(statement, binds, NO_PARAMETERS, how);
    return (rows[0]?.[0] as Entity | undefined) ?? null;
  }

  /** Loads one object's relationship, unless it is loaded; many-to-one without a statement where the session has the object. */
  *relationship(state: InstanceState, relationship: Relationship): Io<void> {
    yield* this.relationships([state.entity], relationship, new LoadTree());
  }

  /** The object that a many-to-one relationship leads to, if no statement is needed to know it; undefined if one is. */
  knownReference(state: InstanceState, relationship: Relationship): Entity | null | undefined {
    const { target } = relationship;
    const values = target.primaryKey.map(({ column }) => {
      const pair = relationship.pairs.find(({ from }) => from === column);
      return pair === undefined ? undefined : state.entity[state.mapper.attributeOf(pair.to).slot];
    });
    if (values.includes(null)) return null;
    const key = target.identityKey(values);
    return key === null ? undefined : this.#session.identities.get(target, key);
  }

  /** Loads a relationship of many objects with as few statements as can be. */
  *relationships(entities: readonly Entity[], relationship: Relationship, tree: LoadTree): Io<void> {
    const waiting = new Map<IdentityKey, InstanceState[]>();
    const keysOf = ownKeyColumns(relationship);
    for (const entity of entities) {
      if (entity[relationship.slot] !== undefined) continue;
      const state = stateOf(entity)!;
      // An expired parent is read first: its row says where the relationship leads now.
      if (keysOf.some((column) => entity[state.mapper.attributeOf(column).slot] === undefined)) {
        if ((yield* this.byKey(state.mapper, state.keyValues ?? state.mapper.primaryKeyOf(state.entity), false)) === null)
          throw rowGone(state);
      }
      if (relationship.direction === "manyToOne") {
        const known = this.knownReference(state, relationship);
        // An object that has been expired comes with the others.
        if (known === null || (known !== undefined && relationship.target.hasValues(known))) {
          setLoaded(state, relationship, known);
          continue;
        }
      }
      const values = keysOf.map((column) => entity[state.mapper.attributeOf(column).slot]);
      const key = compositeKey(values);
      const states = waiting.get(key);
      if (states === undefined) waiting.set(key, [state]);
      else states.push(state);
    }
    const keys = [...waiting.values()].map(([state]) =>
      keysOf.map((column) => state!.entity[state!.mapper.attributeOf(column).slot]),
    );
    for (let start = 0; start < keys.length; start += KEYS_PER_STATEMENT) {
      yield* this.#loadBatch(relationship, tree, keys.slice(start, start + KEYS_PER_STATEMENT), waiting);
    }
    yield* this.#loadFurther(entities, relationship, tree);
  }

  /** Objects that were loaded before are not loaded again, but what the path asks of them further on is. */
  *#loadFurther(entities: readonly Entity[], relationship: Relationship, tree: LoadTree): Io<void> {
    for (const [inner, { strategy, tree: innerTree }] of tree.branches) {
      if (strategy === "lazy") continue;
      const related = new Set<Entity>();
      for (const entity of entities) {
        const value = entity[relationship.slot] as Entity | readonly Entity[] | null;
        if (Array.isArray(value)) for (const member of value as readonly Entity[]) related.add(member);
        else if (value !== null) related.add(value as Entity);
      }
      if (related.size > 0) yield* this.relationships([...related], inner, innerTree);
    }
  }

  *#loadBatch(
    relationship: Relationship,
    tree: LoadTree,
    keys: readonly (readonly unknown[])[],
    waiting: ReadonlyMap<IdentityKey, readonly InstanceState[]>,
  ): Io<void> {
    const { rows } = yield* this.#rows(relatedSelect(relationship, tree, keys), undefined);
    const width = keys[0]!.length;
    const found = new Map<IdentityKey, Entity[]>();
    for (const row of rows) {
      const key = compositeKey(row.slice(0, width));
      const members = found.get(key);
      if (members === undefined) found.set(key, [row[width] as Entity]);
      else members.push(row[width] as Entity);
    }
    for (const key of keys) {
      const composite = compositeKey(key);
      const members = found.get(composite) ?? [];
      for (const state of waiting.get(composite)!)
        setLoaded(state, relationship, relationship.isList ? members : (members[0] ?? null));
    }
  }

  /** Runs a select and makes its rows' objects. */
  *#rows(select: Select, parameters: Parameters | undefined): Io<{ plan: RowPlan; rows: unknown[][] }> {
    const started = this.#now();
    const key = cacheKey(select);
    const known = this.#cache.get(key.text);
    const statement = known ?? this.#compile(key.text, key.binds, () => select);
    const isMany = Array.isArray(parameters);
    const sets = isMany
      ? (parameters as readonly ParameterSet[])
      : parameters === undefined
        ? NO_PARAMETERS
        : [parameters as ParameterSet];
    const how = { isMany, isCached: known !== undefined, refresh: false, started };
    return { plan: statement.plan, rows: yield* this.#run(statement, key.binds, sets, how) };
  }

  /** When planning began, for the log. */
  #now(): number | null {
    return this.#engine.log.isOn ? performance.now() : null;
  }

  #compile(key: string, binds: readonly BindParameter[], select: () => Select): OrmStatement {
    const built = buildSelect(select());
    const statement = { compiled: compile(built.statement, this.#engine.dialect, binds), plan: built.plan };
    this.#cache.set(key, statement);
    return statement;
  }

  /** Sends a compiled statement, makes the objects of its rows, then loads what its options want besides. */
  *#run(
    { compiled, plan }: OrmStatement,
    binds: readonly BindParameter[],
    sets: readonly ParameterSet[],
    { isMany, isCached, refresh, started }: Execution,
  ): Io<unknown[][]> {
    const connection = yield* this.#session.connection();
    const execution = planCompiled(
      this.#engine.dialect,
      compiled,
      binds,
      sets,
      isMany,
      isCached,
      connection.planOptions(this.#options ?? connection.executionOptions),
    );
    const raw = yield* connection.runRows(execution, started);
    const hydrator = new Hydrator(this.#session, { refresh });
    const rows = plan.repeats ? distinctRows(readRows(hydrator, plan, raw)) : readRows(hydrator, plan, raw);
    hydrator.finish();
    for (const [{ later }, entities] of hydrator.found) {
      for (const { relationship, tree } of later) yield* this.relationships([...entities], relationship, tree);
    }
    return rows;
  }
}

/** One execution without parameters besides the statement's own. */
const NO_PARAMETERS: readonly ParameterSet[] = [{}];

function selectByKey(mapper: Mapper, binds: readonly BindParameter[]): Select {
  return new Select({
    items: [new MappedEntity(mapper)],
    criteria: mapper.primaryKey.map(({ column }, index) => new BinaryExpression(column, "eq", binds[index]!, BOOLEAN)),
  });
}

function readRows(hydrator: Hydrator, plan: RowPlan, raw: readonly (readonly unknown[])[]): unknown[][] {
  const readers = plan.items.map((item: ItemPlan) =>
    item.kind === "entity" ? hydrator.reader(item.plan) : (row: readonly unknown[]) => row[item.position],
  );
  const [only] = readers;
  if (readers.length === 1) return raw.map((row) => [only!(row)]);
  return raw.map((row) => readers.map((read) => read(row)));
}

/** Rows of which a joined list made several are given once. */
function distinctRows(rows: readonly unknown[][]): unknown[][] {
  const numbers = new Map<unknown, number>();
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = row
      .map((value) => {
        let number = numbers.get(value);
        if (number === undefined) {
          number = numbers.size;
          numbers.set(value, number);
        }
        return number;
      })
      .join();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The columns of the parent whose values find the related rows. */
function ownKeyColumns(relationship: Relationship): readonly Column[] {
  return relationship.pairs.map((pair) => (relationship.direction === "manyToOne" ? pair.to : pair.from));
}

/** `SELECT key, target.* FROM … WHERE key IN (…)`, or `= …` for a single object. */
function relatedSelect(relationship: Relationship, tree: LoadTree, keys: readonly (readonly unknown[])[]): Select {
  const { target, secondary } = relationship;
  const columns = relationship.pairs.map((pair) => (relationship.direction === "manyToOne" ? pair.from : pair.to));
  const joins =
    secondary === null
      ? []
      : [new JoinStep(secondary, pairsCondition(relationship.targetPairs, target.table, secondary), "inner")];
  return new Select({
    items: [...columns, new MappedEntity(target)],
    froms: secondary === null ? [] : [target.table],
    joins,
    criteria: [keyCondition(columns, keys)],
    orderings: relationship.orderBy,
    statementOptions: [new TreeOption(target, tree)],
  });
}

function keyCondition(columns: readonly Column[], keys: readonly (readonly unknown[])[]): ColumnElement {
  if (keys.length === 1) {
    const equalities = columns.map(
      (column, index) => new BinaryExpression(new BindParameter("param", keys[0]![index], column.type), "eq", column, BOOLEAN),
    );
    return equalities.length === 1 ? equalities[0]! : new BooleanClauseList("and", equalities);
  }
  const [column] = columns;
  if (columns.length === 1) {
    const values = new BindParameter(
      "primary_keys",
      keys.map(([value]) => value),
      column!.type,
      { expanding: true },
    );
    return new BinaryExpression(column!, "in", values, BOOLEAN);
  }
  // Every database takes alternatives; not every one takes a list of tuples.
  return new BooleanClauseList(
    "or",
    keys.map(
      (values) =>
        new BooleanClauseList(
          "and",
          columns.map(
            (part, index) =>
              new BinaryExpression(part, "eq", new BindParameter("primary_keys", values[index], part.type), BOOLEAN),
          ),
        ),
    ),
  );
}

/** The error for an object whose row is no longer there. */
export function rowGone(state: InstanceState): ObjectDeletedError {
  return new ObjectDeletedError(
    `The row of ${state.mapper.name} with the primary key ${String(state.identity)} no longer exists.`,
  );
}

function compositeKey(values: readonly unknown[]): IdentityKey {
  if (values.length === 1) {
    const [value] = values;
    if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return value;
  }
  return values.map((value) => `${String(value).length}:${String(value)}`).join("");
}
