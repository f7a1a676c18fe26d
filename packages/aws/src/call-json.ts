// Calling Longshore's own operations (JSON 1.1) from the CLI and the agent.
import { signHeaders, type SigningCredentials } from './sigv4/sign.ts';
import { AwsError } from './types.ts';

export interface JsonCall {
  /** `http://host:port`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: SigningCredentials;
  readonly service: string;
  /** `LongshoreV1.GetStatus`. */
  readonly target: string;
  readonly input: unknown;
  /** Default: 30 seconds. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const maxAnswerBytes = 64 * 1024 * 1024;

/**
 * The operation's output. Throws an `AwsError` with the server's code and message; what fetch throws if the server cannot be
 * reached or is too slow; a SyntaxError if the answer is no JSON.
 */
export async function callJson(call: JsonCall): Promise<unknown> {
  const url = new URL('/', call.endpoint).href;
  const body = JSON.stringify(call.input ?? {});
  const headers = await signHeaders({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': call.target },
    body,
    service: call.service,
    region: call.region,
    credentials: call.credentials,
  });
  const timeout = AbortSignal.timeout(call.timeoutMs ?? 30_000);
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
  const text = await readText(response);
  if (response.ok) return JSON.parse(text);
  throw errorOf(response.status, text);
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxAnswerBytes) throw new Error(`The answer is larger than ${maxAnswerBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString();
}

function errorOf(status: number, text: string): AwsError {
  try {
    const { __type, message, ...members } = JSON.parse(text) as Record<string, unknown>;
    const code = typeof __type === 'string' ? __type.slice(__type.indexOf('#') + 1) : 'UnknownError';
    return new AwsError(code, typeof message === 'string' ? message : text.slice(0, 500), status, members);
  } catch {
    return new AwsError('UnknownError', `HTTP ${status}: ${text.slice(0, 500)}`, status);
  }
}
