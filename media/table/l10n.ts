/** The texts of the person's language by the English ones; the extension puts them into the page. */
const bundle: Readonly<Record<string, string>> = JSON.parse(document.body.dataset.l10n ?? '{}');

/** A text in the person's language, with the arguments in the places of `{0}` and `{1}`. */
export function t(text: string, ...args: readonly (string | number)[]): string {
  const { lang } = document.documentElement;
  return (bundle[text] ?? text).replace(/\{(\d)\}/g, (_, at) =>
    (args[Number(at)] ?? '').toLocaleString(lang),
  );
}
