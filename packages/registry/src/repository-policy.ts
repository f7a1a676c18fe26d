// Repository and registry policies: who of other accounts may use one repository, or all of an account's (ECR user guide,
// "Private repository policies", "Private registry permissions").
import { AwsError, type PolicyDocument } from '@longshore/aws';
import { parsePolicy } from '@longshore/identity';
import { RegistryError } from './errors.ts';

/** Throws parameterInvalid with what is wrong. */
export function parseResourcePolicy(text: string, kind: 'repository' | 'registry'): PolicyDocument {
  try {
    return parsePolicy(text, 'resource');
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new RegistryError(
      'parameterInvalid',
      `Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid ${kind} policy provided' (${error.message})`,
    );
  }
}

const mostKept = 1_000;

/**
 * Reads policies from their text and keeps the documents, the oldest dropped first: the authorizer compiles each document
 * once.
 */
export function createPolicyReader(): (text: string | undefined) => PolicyDocument | undefined {
  const documents = new Map<string, PolicyDocument>();
  return (text) => {
    if (text === undefined) return undefined;
    const known = documents.get(text);
    if (known) return known;
    const document = parseResourcePolicy(text, 'repository');
    if (documents.size >= mostKept) for (const oldest of documents.keys()) if (documents.delete(oldest)) break;
    documents.set(text, document);
    return document;
  };
}
