// The wire's own errors, one table: what AWS calls them in the JSON protocols and in the query protocol, and with which
// status. Handlers throw `AwsError`s with codes of their own service; those pass unchanged.
import { AwsError } from './types.ts';

interface WireErrorRow {
  readonly json: string;
  readonly query: string;
  readonly jsonStatus: number;
  readonly queryStatus: number;
}

/** JSON services answer nearly every refusal with 400, query services as HTTP means it. */
function row(json: string, query: string, queryStatus: number, jsonStatus = 400): WireErrorRow {
  return { json, query, jsonStatus, queryStatus };
}

const table = {
  missingToken: row('MissingAuthenticationTokenException', 'MissingAuthenticationToken', 403),
  incompleteSignature: row('IncompleteSignatureException', 'IncompleteSignature', 400),
  unrecognizedClient: row('UnrecognizedClientException', 'InvalidClientTokenId', 403),
  invalidSignature: row('InvalidSignatureException', 'SignatureDoesNotMatch', 403),
  /** 503, because every SDK answers it by signing again, which is what the caller of two equal calls wants. */
  replayed: row('InvalidSignatureException', 'SignatureDoesNotMatch', 503, 503),
  accessDenied: row('AccessDeniedException', 'AccessDenied', 403),
  unknownOperation: row('UnknownOperationException', 'InvalidAction', 400),
  serialization: row('SerializationException', 'MalformedInput', 400),
  validation: row('ValidationException', 'ValidationError', 400),
  missingMember: row('InvalidParameterException', 'ValidationError', 400),
  tooLarge: row('RequestEntityTooLargeException', 'RequestEntityTooLarge', 413, 413),
  internal: row('ServerException', 'InternalFailure', 500, 500),
} satisfies Readonly<Record<string, WireErrorRow>>;

export type WireErrorKind = keyof typeof table;

/** An error of the wire; the protocol that answers turns it into its own words. */
export class WireError extends AwsError {
  readonly kind: WireErrorKind;

  constructor(kind: WireErrorKind, message: string) {
    super(table[kind].json, message, table[kind].jsonStatus);
    this.kind = kind;
  }
}

/** The error as the query protocol names it; a service's own error is left as it is. */
export function inQueryWords(error: AwsError): AwsError {
  if (!(error instanceof WireError)) return error;
  const { query, queryStatus } = table[error.kind];
  return new AwsError(query, error.message, queryStatus, error.members);
}
