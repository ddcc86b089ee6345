/** How hand-written SQL is put together with the parts in it; as a statement of its own the driver tells its columns. */
import { BindParameter } from "../nodes/element.ts";
import { SelectBase } from "../nodes/from.ts";
import type { Compiler } from "./compiler.ts";
import type { NodeOfKind } from "./nodeOfKind.ts";

export function joinTextParts(node: NodeOfKind["text"], compiler: Compiler): string {
  let text = compiler.verbatim(node.strings[0] ?? "");
  for (const [index, part] of node.parts.entries()) {
    const written = part instanceof BindParameter ? compiler.bind(part) : compiler.render(part);
    text += part instanceof SelectBase ? `(${written})` : written;
    text += compiler.verbatim(node.strings[index + 1] ?? "");
  }
  return text;
}
