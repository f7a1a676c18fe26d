// The Engine's streams of JSON values, one after the other.

const maxLineChars = 1024 * 1024;

/** Each JSON value of a stream of newline-separated JSON. Throws when one is longer than a mebibyte or malformed. */
export async function* jsonLines(stream: AsyncIterable<Buffer | string>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    let end = rest.indexOf('\n');
    while (end >= 0) {
      const line = rest.slice(0, end).trim();
      rest = rest.slice(end + 1);
      if (line) yield JSON.parse(line);
      end = rest.indexOf('\n');
    }
    if (rest.length > maxLineChars) throw new Error("a line of the Engine's stream is too long");
  }
  if (rest.trim()) yield JSON.parse(rest);
}
