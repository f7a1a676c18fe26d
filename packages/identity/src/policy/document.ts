// Reading policy documents: bounds, then shape, then each statement. What passes here can be compiled and evaluated.
// (IAM reference, "Policy grammar"; quotas: IAM user guide, "IAM and AWS STS quotas").
import type { PolicyDocument } from '@longshore/aws';
import { JsonTextError, parseStrictJson } from './json.ts';
import { isObject, malformed, type PolicyKind } from './malformed.ts';
import { checkStatement } from './statement.ts';

/** Characters without white space, as AWS counts them. */
export const policyLimits: Readonly<Record<PolicyKind, number>> = { identity: 6_144, resource: 10_240 };

const rawLimit = 131_072;
const statementLimit = 200;
const documentKeys = new Set(['Version', 'Id', 'Statement']);
const versions = new Set<unknown>(['2012-10-17', '2008-10-17']);

/** The size that counts against the limits. */
export function policySize(text: string): number {
  return text.replace(/\s+/g, '').length;
}

function readJson(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    if (error instanceof JsonTextError) throw malformed('', `Syntax errors in policy. ${error.message}`);
    throw error;
  }
}

/**
 * The document in `text`, with `Statement` always a list. Throws `MalformedPolicyDocument` (AwsError 400) whose message
 * names the place, e.g. `Statement[0].Action[1]`.
 */
export function parsePolicy(text: string, kind: PolicyKind): PolicyDocument {
  if (text.length > rawLimit || policySize(text) > policyLimits[kind]) {
    throw malformed('', `The policy is longer than ${policyLimits[kind]} characters without white space.`);
  }
  // IAM's own alphabet of documents: tab, line feed, carriage return, and U+0020 to U+00FF.
  if (/[^\t\n\r\u0020-\u00ff]/.test(text))
    throw malformed('', 'The policy has characters outside of U+0020 to U+00FF.');
  const document = readJson(text);
  if (!isObject(document)) throw malformed('', 'The policy must be a JSON object.');
  for (const key of Object.keys(document)) {
    if (!documentKeys.has(key)) throw malformed(key, 'a policy has only Version, Id and Statement.');
  }
  if (document.Version !== undefined && !versions.has(document.Version)) {
    throw malformed('Version', 'must be "2012-10-17" or "2008-10-17".');
  }
  if (document.Id !== undefined && typeof document.Id !== 'string') throw malformed('Id', 'must be a string.');
  const given = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  if (document.Statement === undefined || given.length === 0) {
    throw malformed('Statement', 'must have at least one statement.');
  }
  if (given.length > statementLimit) throw malformed('Statement', `must have at most ${statementLimit} statements.`);
  const variables = document.Version === '2012-10-17';
  const statements = given.map((each, i) => checkStatement(each, `Statement[${i}]`, kind, variables));
  const sids = statements.map((each) => each.Sid).filter((sid) => sid !== undefined);
  if (new Set(sids).size !== sids.length) throw malformed('Statement', 'statement IDs (Sid) must be unique.');
  return { ...document, Statement: statements };
}
