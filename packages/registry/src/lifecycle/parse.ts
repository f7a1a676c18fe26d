// Lifecycle policies: the text in, its rules out, or what is wrong in ECR's words (ECR user guide, "Lifecycle policy
// properties", "Lifecycle policy evaluation rules"). Pure.
//
// Two things differ from ECR. There is one storage class here, so that `transition` is refused; and `sinceImagePulled`
// may expire, which is what it is asked for most.
import { RegistryError } from '../errors.ts';
import { limits } from '../limits.ts';

export type CountType = 'imageCountMoreThan' | 'sinceImagePushed' | 'sinceImagePulled' | 'sinceImageTransitioned';

export interface LifecycleRule {
  /** The lowest is applied first. */
  readonly priority: number;
  readonly tagStatus: 'tagged' | 'untagged' | 'any';
  /** Patterns of tags (`*` is any run of characters), each of which one of the image's tags must match. */
  readonly patterns: readonly string[];
  readonly storageClass: 'standard' | 'archive';
  readonly countType: CountType;
  /** Images, or days. */
  readonly countNumber: number;
}

type Json = Readonly<Record<string, unknown>>;

function fault(why: string): RegistryError {
  return new RegistryError(
    'parameterInvalid',
    `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${why}'`,
  );
}

function requireObject(value: unknown, where: string, members: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(`${where} is not an object`);
  const unknown = Object.keys(value).find((key) => !members.includes(key));
  if (unknown !== undefined) {
    throw fault(`object instance has properties which are not allowed by the schema: ["${unknown.slice(0, 50)}"]`);
  }
  return value as Json;
}

function requireOneOf<T extends string>(value: unknown, where: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw fault(`${where} is not one of the allowed values: ${JSON.stringify(allowed)}`);
}

function requireCount(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw fault(`${where} must be an integer of at least 1`);
}

function readList(value: unknown, where: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const ok =
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= limits.lifecycleTagList &&
    value.every((each) => typeof each === 'string' && each.length > 0 && each.length <= limits.lifecycleTagPattern);
  if (!ok) throw fault(`${where} must be a list of 1 to ${limits.lifecycleTagList} texts`);
  return value as string[];
}

/** The list of tags as patterns; a prefix is a pattern with a `*` behind it. */
function readPatterns(selection: Json, tagStatus: string, where: string): readonly string[] {
  const prefixes = readList(selection.tagPrefixList, `${where}/tagPrefixList`);
  const patterns = readList(selection.tagPatternList, `${where}/tagPatternList`);
  if (tagStatus !== 'tagged') {
    if (prefixes || patterns)
      throw fault(`${where} may have tagPrefixList or tagPatternList only if tagStatus is tagged`);
    return [];
  }
  if ((prefixes === undefined) === (patterns === undefined)) {
    throw fault(`${where} must have either tagPrefixList or tagPatternList if tagStatus is tagged`);
  }
  if (prefixes?.some((each) => each.includes('*'))) throw fault(`${where}/tagPrefixList must not have wildcards`);
  if (patterns?.some((each) => each.split('*').length > 5)) {
    throw fault(`${where}/tagPatternList may have four wildcards (*) in a pattern at most`);
  }
  return patterns ?? (prefixes ?? []).map((prefix) => `${prefix}*`);
}

const countTypes: readonly CountType[] = [
  'imageCountMoreThan',
  'sinceImagePushed',
  'sinceImagePulled',
  'sinceImageTransitioned',
];

const selectionMembers = [
  'tagStatus',
  'tagPrefixList',
  'tagPatternList',
  'storageClass',
  'countType',
  'countUnit',
  'countNumber',
];

function readSelection(value: unknown, where: string): Omit<LifecycleRule, 'priority'> {
  const selection = requireObject(value, where, selectionMembers);
  const tagStatus = requireOneOf(selection.tagStatus, `${where}/tagStatus`, ['tagged', 'untagged', 'any'] as const);
  const patterns = readPatterns(selection, tagStatus, where);
  const countType = requireOneOf(selection.countType, `${where}/countType`, countTypes);
  const countNumber = requireCount(selection.countNumber, `${where}/countNumber`);
  if (countType === 'imageCountMoreThan') {
    if (selection.countUnit !== undefined) throw fault(`${where}/countUnit does not go with imageCountMoreThan`);
  } else if (selection.countUnit !== 'days') {
    throw fault(`${where}/countUnit must be days with ${countType}`);
  }
  const archived = countType === 'sinceImageTransitioned';
  const wanted = archived ? 'archive' : 'standard';
  if (selection.storageClass === undefined ? archived : selection.storageClass !== wanted) {
    throw fault(`${where}/storageClass must be ${wanted} with ${countType}`);
  }
  return { tagStatus, patterns, storageClass: wanted, countType, countNumber };
}

function requireExpire(value: unknown, where: string): void {
  const action = requireObject(value, where, ['type', 'targetStorageClass']);
  const type = requireOneOf(action.type, `${where}/type`, ['expire', 'transition'] as const);
  if (type === 'transition') {
    throw fault('transition is not available: this registry has one storage class, standard; use expire');
  }
  if (action.targetStorageClass !== undefined) throw fault(`${where}/targetStorageClass goes with transition only`);
}

function readRule(value: unknown, where: string): LifecycleRule {
  const rule = requireObject(value, where, ['rulePriority', 'description', 'selection', 'action']);
  if (rule.description !== undefined && typeof rule.description !== 'string') {
    throw fault(`${where}/description is not a text`);
  }
  const priority = requireCount(rule.rulePriority, `${where}/rulePriority`);
  const selection = readSelection(rule.selection, `${where}/selection`);
  requireExpire(rule.action, `${where}/action`);
  return { priority, ...selection };
}

function refuseTwice(rules: readonly LifecycleRule[], key: (rule: LifecycleRule) => string, why: string): void {
  if (new Set(rules.map(key)).size !== rules.length) throw fault(why);
}

/** What rules must be together; of each storage class by itself. */
function checkTogether(rules: readonly LifecycleRule[]): void {
  refuseTwice(rules, (rule) => String(rule.priority), 'each rule must have a rulePriority of its own');
  for (const storageClass of ['standard', 'archive']) {
    const some = rules.filter((rule) => rule.storageClass === storageClass);
    const count = (status: string) => some.filter((rule) => rule.tagStatus === status).length;
    if (count('untagged') > 1) throw fault('only one rule may select untagged images');
    if (count('any') > 1) throw fault('only one rule may have tagStatus any');
    const any = some.findIndex((rule) => rule.tagStatus === 'any');
    if (any >= 0 && any !== some.length - 1) {
      throw fault('a rule with tagStatus any must have the highest rulePriority');
    }
    const tagged = some.filter((rule) => rule.tagStatus === 'tagged');
    refuseTwice(tagged, (rule) => [...rule.patterns].sort().join(' '), 'two rules select the same tags');
  }
}

/**
 * The rules by priority. `most` is the quota of rules. Throws `RegistryError` parameterInvalid in the words of ECR.
 */
export function parseLifecyclePolicy(text: string, most: number): readonly LifecycleRule[] {
  if (text.length > limits.lifecycleText) throw fault(`the text is longer than ${limits.lifecycleText} characters`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw fault('Could not map policyString into LifecyclePolicy.');
  }
  const { rules } = requireObject(document, 'the policy', ['rules']);
  if (!Array.isArray(rules) || rules.length === 0) throw fault('the policy must have rules');
  if (rules.length > most) throw fault(`the policy may have ${most} rules at most`);
  const read = rules.map((rule, i) => readRule(rule, `/rules/${i}`)).sort((a, b) => a.priority - b.priority);
  checkTogether(read);
  return read;
}
