// What the operations of ECR have in common: the repository they name, who may call them, and failures in ECR's form.
import {
  type AccessResource,
  type AnyOperation,
  AwsError,
  type CallContext,
  type Operation,
  operation,
} from '@longshore/aws';
import { parseAccountId } from '@longshore/base';
import { BlobStoreUnavailableError } from '@longshore/blobs';
import type { Core } from '../core.ts';
import { failures, RegistryError } from '../errors.ts';
import { parseRepositoryName, type RepositoryRef } from '../names.ts';
import { findRepository } from '../repositories.ts';
import { accessResource } from '../resource.ts';

/** The failure as an ECR exception; anything else as it is. */
export function toAwsError(error: unknown): unknown {
  const failure = error instanceof BlobStoreUnavailableError ? new RegistryError('storageUnavailable') : error;
  if (!(failure instanceof RegistryError)) return failure;
  const { ecr, status } = failures[failure.kind];
  return new AwsError(ecr, failure.message, status >= 500 ? 500 : 400, failure.detail);
}

/** Types an operation of ECR; `RegistryError`s of its parts become ECR's exceptions. */
export function ecrOperation<I, O>(definition: Operation<I, O>): AnyOperation {
  const { access, handle } = definition;
  return operation<I, O>({
    ...definition,
    access:
      access === 'any'
        ? 'any'
        : async (input, call) => {
            try {
              return await access(input, call);
            } catch (error) {
              throw toAwsError(error);
            }
          },
    async handle(input, call) {
      try {
        return await handle(input, call);
      } catch (error) {
        throw toAwsError(error);
      }
    },
  });
}

export function invalid(message: string): RegistryError {
  return new RegistryError('parameterInvalid', message);
}

interface NamesRepository {
  readonly registryId?: string | undefined;
  readonly repositoryName?: string | undefined;
}

/** The account of `registryId`, the caller's if it is left out. */
export function registryOf(input: { readonly registryId?: string | undefined }, call: CallContext) {
  if (input.registryId === undefined) return call.principal.account;
  const account = parseAccountId(input.registryId);
  if (!account) throw invalid("Invalid parameter at 'registryId': it must be twelve digits.");
  return account;
}

export function refOf(input: NamesRepository, call: CallContext): RepositoryRef {
  const name = parseRepositoryName(input.repositoryName ?? '');
  if (!name) throw invalid(`Invalid parameter at 'repositoryName': ${failures.nameInvalid.message}`);
  return { account: registryOf(input, call), name };
}

/** The repository as a resource with its policy; also one that does not exist, so that refusals do not tell. */
export async function repositoryResource(core: Core, ref: RepositoryRef): Promise<AccessResource> {
  const repository = await findRepository(core.store, ref);
  return accessResource(core, ref, repository);
}

interface RepositoryOperation<I, O> extends Pick<Operation<I, O>, 'name' | 'schema' | 'effect' | 'maxBodyBytes'> {
  /** Where it is not `ecr:NAME`. */
  readonly action?: string;
  readonly handle: (input: I, call: CallContext, ref: RepositoryRef) => Promise<O>;
}

/** An operation on the one repository that its input names. */
export function repositoryOperation<I extends NamesRepository, O>(
  core: Core,
  definition: RepositoryOperation<I, O>,
): AnyOperation {
  const { action, ...rest } = definition;
  return ecrOperation<I, O>({
    ...rest,
    access: async (input, call) => ({
      ...(action !== undefined && { action }),
      resources: [await repositoryResource(core, refOf(input, call))],
    }),
    handle: (input, call) => definition.handle(input, call, refOf(input, call)),
  });
}

type RegistryOperation<I, O> = Pick<Operation<I, O>, 'name' | 'schema' | 'effect' | 'handle'>;

/** An operation on the caller's own registry; its settings are nobody else's business. */
export function registryOperation<I, O>(definition: RegistryOperation<I, O>): AnyOperation {
  return ecrOperation<I, O>({
    ...definition,
    access: (_input, call) => ({ resources: [{ arn: '*', account: call.principal.account }] }),
  });
}
