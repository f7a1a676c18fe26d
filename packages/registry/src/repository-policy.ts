// Repository policies: checked when they are set, so that they can be trusted when they are read. A repository's policy
// has principals and no resources of its own (ECR user guide, "Private repository policies").
import type { PolicyDocument } from '@longshore/aws';
import { z } from 'zod';
import { RegistryError } from './errors.ts';
import { limits } from './limits.ts';

const texts = z.union([z.string().max(2_048), z.array(z.string().max(2_048)).min(1).max(200)]);
const principals = z.union([
  z.literal('*'),
  z.record(z.enum(['AWS', 'Service', 'Federated', 'CanonicalUser']), texts).or(z.object({ AWS: texts }).strict()),
]);

const statement = z
  .object({
    Sid: z.string().max(256).optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Principal: principals.optional(),
    NotPrincipal: principals.optional(),
    Action: texts.optional(),
    NotAction: texts.optional(),
    Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  })
  .strict()
  .refine((each) => (each.Principal === undefined) !== (each.NotPrincipal === undefined), 'needs a Principal')
  .refine((each) => (each.Action === undefined) !== (each.NotAction === undefined), 'needs an Action');

const document = z
  .object({
    Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
    Id: z.string().max(256).optional(),
    Statement: z.union([statement, z.array(statement).min(1).max(100)]),
  })
  .strict();

function invalid(detail: string): RegistryError {
  return new RegistryError(
    'parameterInvalid',
    `Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided' (${detail})`,
  );
}

/** Throws parameterInvalid with what is wrong. */
export function parseRepositoryPolicy(text: string): PolicyDocument {
  if (text.length > limits.policyText) throw invalid(`more than ${limits.policyText} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('not JSON');
  }
  const parsed = document.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { Statement } = parsed.data;
  return { ...parsed.data, Statement: Array.isArray(Statement) ? Statement : [Statement] } as PolicyDocument;
}
