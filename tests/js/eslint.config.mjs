// What ESLint looks for in the scripts of the page; run by tests/test_page_scripts.py.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, LANGUAGES: "readonly" } },
    rules: { eqeqeq: "error", "no-shadow": "error", "no-var": "error", "prefer-const": "error" },
  },
];
