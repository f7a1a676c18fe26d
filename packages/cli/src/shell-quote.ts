// Values as words of a POSIX shell.

/** `value` as one word of sh: between single quotes, in which nothing is special but the quote itself. */
export function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** One line that exports a variable. It ends with a semicolon so that an unquoted `eval $(…)` works as well. */
export function shellExport(name: string, value: string): string {
  return `export ${name}=${shellQuote(value)};\n`;
}
