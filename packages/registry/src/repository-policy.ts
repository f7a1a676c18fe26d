// Repository policies: who of other accounts may use a repository (ECR user guide, "Private repository policies").
import { AwsError, type PolicyDocument } from '@longshore/aws';
import { parsePolicy } from '@longshore/identity';
import { RegistryError } from './errors.ts';
import type { Repository } from './repositories.ts';

/** Throws parameterInvalid with what is wrong. */
export function parseRepositoryPolicy(text: string): PolicyDocument {
  try {
    return parsePolicy(text, 'resource');
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new RegistryError(
      'parameterInvalid',
      `Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided' (${error.message})`,
    );
  }
}

const mostKept = 1_000;

/**
 * Reads policies from their text and keeps the documents, the oldest dropped first: the authorizer compiles each document
 * once.
 */
export function createPolicyReader(): (repository: Repository | undefined) => PolicyDocument | undefined {
  const documents = new Map<string, PolicyDocument>();
  return (repository) => {
    const text = repository?.policyText;
    if (text === undefined) return undefined;
    const known = documents.get(text);
    if (known) return known;
    const document = parseRepositoryPolicy(text);
    if (documents.size >= mostKept) for (const oldest of documents.keys()) if (documents.delete(oldest)) break;
    documents.set(text, document);
    return document;
  };
}
