/**
 * ESLint rule: a call that makes a generator must hand it to somebody who runs it. The library's I/O functions are generators
 * (`Io<T>`), and `connection.close()` without `yield*` does nothing at all, silently. Used by eslint.config.mjs;
 * tested in test/gates. Needs type information.
 *
 * Allowed: `yield* f()`, `run(f())`, `() => f()`, and `return f()` where the function is not itself a generator (in one, the caller
 * would get the generator instead of its result). A generator that yields no I/O requests is data, and may also be iterated.
 */
import { AST_NODE_TYPES, ESLintUtils } from "@typescript-eslint/utils";
import ts from "typescript";

/** @typedef {import("@typescript-eslint/utils").TSESTree.Node} Node */

const createRule = ESLintUtils.RuleCreator(() => "scripts/eslint/no-forgotten-yield-star.mjs");

/**
 * Does a generator of this type yield I/O requests? One that yields nothing counts: its author had I/O in mind, or no use for `function*`.
 * @param {ts.Type} type
 * @param {ts.TypeChecker} checker
 */
function yieldsRequests(type, checker) {
  if (type.aliasSymbol?.name === "Io") return true;
  const [yielded] = checker.getTypeArguments(/** @type {ts.TypeReference} */ (type));
  if (yielded === undefined || yielded.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.Never)) return true;
  if (yielded.aliasSymbol?.name.endsWith("Request")) return true;
  const members = yielded.isUnion() ? yielded.types : [yielded];
  return members.some((member) => member.getSymbol()?.name.endsWith("Request"));
}

/**
 * @param {ts.Type} type
 * @returns {ts.Type[]} the generator types in it
 */
function generatorsIn(type) {
  const members = type.isUnion() ? type.types : [type];
  return members.filter((member) => member.getSymbol()?.name === "Generator");
}

/**
 * The nearest ancestor that decides what becomes of the call's value; conditional and logical expressions, casts and commas only hand it on.
 * @param {Node} call
 * @returns {{ node: Node, child: Node }}
 */
function consumer(call) {
  let child = call;
  let node = /** @type {Node} */ (call.parent);
  for (;;) {
    const handsOn =
      (node.type === AST_NODE_TYPES.ConditionalExpression && node.test !== child) ||
      node.type === AST_NODE_TYPES.LogicalExpression ||
      node.type === AST_NODE_TYPES.TSAsExpression ||
      node.type === AST_NODE_TYPES.TSSatisfiesExpression ||
      node.type === AST_NODE_TYPES.TSNonNullExpression ||
      node.type === AST_NODE_TYPES.ChainExpression ||
      (node.type === AST_NODE_TYPES.SequenceExpression && node.expressions.at(-1) === child);
    if (!handsOn) return { node, child };
    child = node;
    node = /** @type {Node} */ (node.parent);
  }
}

/**
 * @param {Node} node
 * @returns {boolean} whether the function around the node is a generator
 */
function insideGenerator(node) {
  for (let at = node.parent; at !== undefined && at !== null; at = at.parent) {
    if (at.type === AST_NODE_TYPES.ArrowFunctionExpression) return false;
    if (at.type === AST_NODE_TYPES.FunctionDeclaration || at.type === AST_NODE_TYPES.FunctionExpression) return at.generator;
  }
  return false;
}

export default createRule({
  name: "no-forgotten-yield-star",
  meta: {
    type: "problem",
    docs: { description: "Require that a generator made by a call is run" },
    messages: {
      forgotten:
        "This call only makes a generator: nothing happens until it is run. Write `yield* {{call}}`, or hand it to a runner.",
      returned:
        "In a generator, `return {{call}}` answers with the generator instead of its result. Write `return yield* {{call}}`.",
      awaited: "`await` does not run a generator. Write `yield* {{call}}`, or hand it to a runner: `await runAsync({{call}})`.",
    },
    schema: [
      {
        type: "object",
        properties: {
          allowVariables: { type: "boolean", description: "Tests that drive a generator step by step keep it in a variable." },
        },
        additionalProperties: false,
      },
    ],
    defaultOptions: [{ allowVariables: false }],
  },
  create(context) {
    const services = ESLintUtils.getParserServices(context);
    const checker = services.program.getTypeChecker();
    const allowVariables = context.options[0]?.allowVariables === true;

    /**
     * @param {Node} node
     * @param {Node} child
     * @param {boolean} io
     * @returns {"forgotten" | "returned" | "awaited" | undefined}
     */
    function verdict(node, child, io) {
      switch (node.type) {
        case AST_NODE_TYPES.YieldExpression:
          return node.delegate ? undefined : "forgotten";
        case AST_NODE_TYPES.ReturnStatement:
          return io && insideGenerator(node) ? "returned" : undefined;
        case AST_NODE_TYPES.ArrowFunctionExpression:
          return undefined;
        case AST_NODE_TYPES.CallExpression:
        case AST_NODE_TYPES.NewExpression:
          return node.callee === child ? "forgotten" : undefined;
        case AST_NODE_TYPES.AwaitExpression:
          return "awaited";
        case AST_NODE_TYPES.ExpressionStatement:
          return "forgotten";
        case AST_NODE_TYPES.VariableDeclarator:
          return io && !allowVariables ? "forgotten" : undefined;
        default:
          // A generator of data may be iterated, spread, stepped or kept.
          return io ? "forgotten" : undefined;
      }
    }

    return {
      CallExpression(call) {
        const generators = generatorsIn(services.getTypeAtLocation(call));
        if (generators.length === 0) return;
        const { node, child } = consumer(call);
        const io = generators.some((type) => yieldsRequests(type, checker));
        const messageId = verdict(node, child, io);
        if (messageId === undefined) return;
        const text = context.sourceCode.getText(call).replace(/\s+/g, " ");
        context.report({ node: call, messageId, data: { call: text.length > 60 ? `${text.slice(0, 57)}…` : text } });
      },
    };
  },
});
