// Declaring operations and services, typed by the SDK's request and response interfaces.
import type { AnyOperation, AwsService, Operation } from './types.ts';

/** Types an operation; `I` and `O` come from `@aws-sdk/client-*`. */
export function operation<I, O>(definition: Operation<I, O>): AnyOperation {
  return Object.freeze(definition) as unknown as AnyOperation;
}

/** A service from its operations; two of one name are a programming error. */
export function awsService(
  definition: Omit<AwsService, 'operations'> & { readonly operations: readonly AnyOperation[] },
): AwsService {
  const operations = new Map(definition.operations.map((each) => [each.name, each]));
  if (operations.size !== definition.operations.length)
    throw new Error(`${definition.name}: an operation is there twice`);
  return Object.freeze({ ...definition, operations });
}
