// The words of the page, one JSON for each language; LANGUAGES is put before the modules, in Node by the tests.

// language: "it", ...; the browser's own when it is ""
export function labelsFor(language, browser = globalThis.navigator?.language ?? "en") {
  return LANGUAGES[language] ?? LANGUAGES[browser.slice(0, 2)] ?? LANGUAGES.en;
}
