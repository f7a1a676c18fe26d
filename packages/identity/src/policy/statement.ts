// Checking one statement of a policy document.
import type { PolicyStatement } from '@longshore/aws';
import { isConditionValue, parseOperatorName } from './conditions.ts';
import { isObject, malformed, type PolicyKind } from './malformed.ts';
import { isAwsPrincipal } from './principals.ts';

const statementKeys = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);
const principalTypes = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser']);
const actionPattern = /^(?:\*|[A-Za-z0-9-]{1,64}:[A-Za-z0-9*?]{1,128})$/;
const conditionKeyPattern = /^[A-Za-z0-9_.:/=+@-]{1,256}$/;
/** Every `${` opens a well-formed variable, with an optional default: `${key, 'text'}`. */
const brokenVariable = /\$\{(?!(?:[*?$]|\s*[A-Za-z0-9_.:/=+@-]{1,256}\s*(?:,\s*'[^'{}]*'\s*)?)\})/;

type Statement = Readonly<Record<string, unknown>>;

/** Strings at `place`: one, or a list of at least one. */
function stringsAt(value: unknown, place: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw malformed(place, 'must not be empty.');
  return list.map((each, i) => {
    if (typeof each === 'string' && each !== '') return each;
    throw malformed(Array.isArray(value) ? `${place}[${i}]` : place, 'must be a string that is not empty.');
  });
}

/** One of `name` and `Not…name`; undefined if neither is there. */
function oneOf(statement: Statement, name: string, place: string): string | undefined {
  const present = [name, `Not${name}`].filter((key) => statement[key] !== undefined);
  if (present.length > 1) throw malformed(place, `has both ${present.join(' and ')}; only one of them is possible.`);
  return present[0];
}

function checkVariables(text: string, place: string, variables: boolean): void {
  if (variables && brokenVariable.test(text)) throw malformed(place, `"${text}" has a broken policy variable.`);
}

function checkActions(statement: Statement, place: string): void {
  const key = oneOf(statement, 'Action', place);
  if (!key) throw malformed(place, 'must have Action or NotAction.');
  for (const action of stringsAt(statement[key], `${place}.${key}`)) {
    if (!actionPattern.test(action)) {
      throw malformed(
        `${place}.${key}`,
        `"${action}" is no action: write "*" or "service:Action", e.g. "ecs:RunTask".`,
      );
    }
  }
}

function checkResources(statement: Statement, place: string, kind: PolicyKind, variables: boolean): void {
  const key = oneOf(statement, 'Resource', place);
  if (!key) {
    if (kind === 'identity') throw malformed(place, 'must have Resource or NotResource.');
    return;
  }
  for (const resource of stringsAt(statement[key], `${place}.${key}`)) {
    if (resource !== '*' && !resource.startsWith('arn:')) {
      throw malformed(`${place}.${key}`, `Resource ${resource} must be in ARN format or "*".`);
    }
    checkVariables(resource, `${place}.${key}`, variables);
  }
}

function checkPrincipalEntries(type: string, value: unknown, place: string): void {
  if (!principalTypes.has(type)) throw malformed(place, `the type must be one of ${[...principalTypes].join(', ')}.`);
  for (const entry of stringsAt(value, place)) {
    if (type === 'AWS' && !isAwsPrincipal(entry)) {
      throw malformed(
        place,
        `Invalid principal in policy: "${entry}" is no "*", account id, or ARN of a user or role.`,
      );
    }
  }
}

function checkPrincipal(statement: Statement, place: string, kind: PolicyKind): void {
  const key = oneOf(statement, 'Principal', place);
  if (kind === 'identity') {
    if (key) throw malformed(`${place}.${key}`, 'Policy document should not specify a principal.');
    return;
  }
  if (!key) throw malformed(place, 'must have Principal or NotPrincipal.');
  const value = statement[key];
  if (value === '*') return;
  if (!isObject(value) || Object.keys(value).length === 0) {
    throw malformed(`${place}.${key}`, 'must be "*" or an object such as {"AWS": "111122223333"}.');
  }
  for (const [type, entries] of Object.entries(value)) checkPrincipalEntries(type, entries, `${place}.${key}.${type}`);
}

function checkConditionValues(value: unknown, place: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw malformed(place, 'must have at least one value.');
  return list.map((each) => {
    if (typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean') return String(each);
    throw malformed(place, 'must be a string, a number, a boolean, or a list of these.');
  });
}

function checkCondition(condition: unknown, place: string, variables: boolean): void {
  if (condition === undefined) return;
  if (!isObject(condition)) throw malformed(place, 'must be an object of operators.');
  for (const [operatorText, keys] of Object.entries(condition)) {
    const at = `${place}.${operatorText}`;
    const operator = parseOperatorName(operatorText);
    if (!operator) throw malformed(at, 'Invalid Condition type.');
    if (!isObject(keys) || Object.keys(keys).length === 0) throw malformed(at, 'must be an object of condition keys.');
    for (const [key, value] of Object.entries(keys)) {
      if (!conditionKeyPattern.test(key)) throw malformed(at, `"${key}" is no condition key.`);
      for (const text of checkConditionValues(value, `${at}.${key}`)) {
        checkVariables(text, `${at}.${key}`, variables);
        if (!isConditionValue(operator, text, variables)) {
          throw malformed(`${at}.${key}`, `"${text}" is no value of this operator.`);
        }
      }
    }
  }
}

/** The statement, if it is sound. Throws `MalformedPolicyDocument`. */
export function checkStatement(value: unknown, place: string, kind: PolicyKind, variables: boolean): PolicyStatement {
  if (!isObject(value)) throw malformed(place, 'must be an object.');
  for (const key of Object.keys(value)) {
    if (!statementKeys.has(key)) throw malformed(`${place}.${key}`, 'is no element of a statement.');
  }
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') {
    throw malformed(`${place}.Effect`, 'must be "Allow" or "Deny".');
  }
  const { Sid: sid } = value;
  // Policies of resources may have spaces and more in a Sid (ECR's own examples do).
  const sidPattern = kind === 'identity' ? /^[A-Za-z0-9]*$/ : /^[\x20-\x7e]{0,256}$/;
  if (sid !== undefined && (typeof sid !== 'string' || !sidPattern.test(sid))) {
    throw malformed(`${place}.Sid`, 'statement IDs (Sid) must be of letters and digits.');
  }
  checkPrincipal(value, place, kind);
  checkActions(value, place);
  checkResources(value, place, kind, variables);
  checkCondition(value.Condition, `${place}.Condition`, variables);
  return value as unknown as PolicyStatement;
}
