import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "src/gen/", "node_modules/"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["eslint.config.js", "scripts/*.mjs"] } } },
    rules: {
      // Numbers in messages are what messages are for.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // Hot loops index typed arrays whose bounds were checked before.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Text from outside is only ever a text node.
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text from outside is only ever a text node." },
        { property: "outerHTML", message: "Text from outside is only ever a text node." },
        { property: "insertAdjacentHTML", message: "Text from outside is only ever a text node." },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Text from outside is only ever a text node." },
      ],
    },
  },
  // Tests wrap the browser's own methods, and vitest's matchers are of type any.
  { files: ["tests/**/*.ts"], rules: { "@typescript-eslint/unbound-method": "off", "@typescript-eslint/no-unsafe-assignment": "off" } },
  { files: ["src/**/*.tsx"], plugins: { "react-hooks": reactHooks }, rules: { "react-hooks/rules-of-hooks": "error", "react-hooks/exhaustive-deps": "error" } },
  { files: ["scripts/*.mjs", "eslint.config.js"], extends: [tseslint.configs.disableTypeChecked], languageOptions: { globals: { Buffer: "readonly", document: "readonly", fetch: "readonly", process: "readonly", console: "readonly", URL: "readonly" } } },
);
