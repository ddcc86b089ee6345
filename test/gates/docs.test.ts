/** What the documentation gate takes for an example, and that line numbers survive. */
import { describe, expect, test } from "vitest";
import { extractExamples } from "../../scripts/check-docs.mjs";

describe("examples in Markdown", () => {
  test("each block is a module, at the lines where it stands", () => {
    const modules = extractExamples("# Title\n\n```ts\nconst a = 1;\n```\n\ntext\n\n```ts\nconst b = 2;\n```\n");
    expect(modules).toEqual(["\n\n\nconst a = 1;\n", "\n\n\n\n\n\n\n\n\nconst b = 2;\n"]);
  });

  test("append continues the block before", () => {
    expect(extractExamples("```ts\na;\n```\n```ts append\nb;\n```\n")).toEqual(["\na;\n\n\nb;\n"]);
  });

  test("other languages, no-check and fences within fences are left alone", () => {
    expect(extractExamples("```sql\nSELECT\n```\n```ts no-check\nx\n```\n```tsx\nx\n```\n````md\n```ts\nx\n```\n````\n")).toEqual(
      [],
    );
  });
});
