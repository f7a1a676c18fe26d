// Trust policies: who may take a role. Only services can here (`ecs-tasks.amazonaws.com` for tasks); a statement for other
// principals, or with conditions, is kept and lets nobody in.
import { JsonTextError, parseStrictJson } from '../policy/json.ts';
import { isObject } from '../policy/malformed.ts';
import { identityErrors } from '../errors.ts';

/** Characters, as AWS bounds them (quota "Role trust policy length"). */
const longest = 2048;

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function statementsOf(document: unknown): readonly Record<string, unknown>[] | undefined {
  if (!isObject(document) || document['Statement'] === undefined) return undefined;
  const statements = listOf(document['Statement']);
  const sound = statements.every(
    (each) =>
      isObject(each) &&
      (each['Effect'] === 'Allow' || each['Effect'] === 'Deny') &&
      (each['Principal'] === '*' || isObject(each['Principal'])) &&
      each['Resource'] === undefined &&
      listOf(each['Action']).every((action) => typeof action === 'string' && action.toLowerCase().startsWith('sts:')),
  );
  return sound ? (statements as Record<string, unknown>[]) : undefined;
}

/** Throws MalformedPolicyDocument. */
export function checkTrust(text: string | undefined): string {
  if (!text) throw identityErrors.invalid('The request must contain assumeRolePolicyDocument.');
  if (text.replace(/\s+/g, '').length > longest)
    throw identityErrors.malformedPolicy(`The trust policy is longer than ${longest} characters.`);
  try {
    if (statementsOf(parseStrictJson(text)) !== undefined) return text;
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
  }
  throw identityErrors.malformedPolicy(
    'A trust policy has statements with an Effect, a Principal and sts actions, and no Resource.',
  );
}

function isAbout(statement: Record<string, unknown>, service: string): boolean {
  const principal = statement['Principal'];
  const named = principal === '*' || listOf((principal as Record<string, unknown>)['Service']).includes(service);
  const actions = listOf(statement['Action']).map((action) => String(action).toLowerCase());
  return named && actions.some((action) => action === 'sts:assumerole' || action === 'sts:*');
}

/** Whether the trust policy `text` lets `service` take the role. */
export function trustsService(text: string, service: string): boolean {
  const about = (statementsOf(JSON.parse(text)) ?? []).filter((statement) => isAbout(statement, service));
  const plain = about.filter((statement) => statement['Condition'] === undefined);
  return plain.some((each) => each['Effect'] === 'Allow') && about.every((each) => each['Effect'] === 'Allow');
}
