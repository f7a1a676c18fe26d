// What every wire protocol must do. The endpoint picks the first of its table that recognises a request; another protocol
// (REST-JSON, RPC v2 CBOR) is one more file like these and one more line in that table.
import type { AnyOperation, AwsError, AwsService, OwnSchema, WireRequest, WireResponse } from '../types.ts';
import type { OperationShapes } from '../shapes/shape.ts';

/** The services of an endpoint, as protocols look them up. */
export interface Directory {
  readonly byTargetPrefix: ReadonlyMap<string, AwsService>;
  readonly byName: ReadonlyMap<string, AwsService>;
  shapesOf(operation: AnyOperation): OperationShapes | OwnSchema;
}

/** A request whose operation is known. */
export interface Call {
  readonly service: AwsService;
  readonly operation: AnyOperation;
  /** Throws a serialization error or `MissingMember`. */
  readInput(): unknown;
  writeOutput(output: unknown, requestId: string): WireResponse;
}

export interface Protocol {
  /** Whether the request speaks this protocol. Reads only its head. */
  matches(head: Pick<WireRequest, 'method' | 'url' | 'headers'>): boolean;
  /** The operation that a request's head names; undefined if only the body can tell. Never throws. */
  peek(head: Pick<WireRequest, 'headers'>, directory: Directory): AnyOperation | undefined;
  /** Finds the operation. Throws an `AwsError` if there is none. */
  open(request: WireRequest, directory: Directory): Call;
  failure(error: AwsError, requestId: string, service?: AwsService): WireResponse;
}
