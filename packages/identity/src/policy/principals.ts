// Principal and NotPrincipal of resource policies: whom a statement speaks of, and how directly.
import type { PolicyStatement, Principal } from '@longshore/aws';

/**
 * `direct`: named by ARN, or everyone. `account`: only the account is named, which lets that account's own policies
 * decide (IAM user guide, "AWS account principals").
 */
export type PrincipalMatch = 'none' | 'account' | 'direct';

export type PrincipalTest = (principal: Principal) => PrincipalMatch;

const accountEntry = /^(?:arn:aws:iam::)?([0-9]{12})(?::root)?$/;

interface Entries {
  readonly everyone: boolean;
  readonly accounts: ReadonlySet<string>;
  readonly arns: ReadonlySet<string>;
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

function readEntries(element: NonNullable<PolicyStatement['Principal']>): Entries {
  const listed = element === '*' ? ['*'] : listOf(element.AWS);
  const accounts = listed.map((entry) => accountEntry.exec(entry)?.[1]).filter((account) => account !== undefined);
  return {
    everyone: listed.includes('*'),
    accounts: new Set(accounts),
    arns: new Set(listed.filter((entry) => !accountEntry.test(entry))),
  };
}

function matchEntries(entries: Entries, principal: Principal): PrincipalMatch {
  if (entries.everyone || entries.arns.has(principal.arn)) return 'direct';
  if (!entries.accounts.has(principal.account)) return 'none';
  return principal.kind === 'root' ? 'direct' : 'account';
}

/** Whether `text` is a principal of type AWS: `*`, an account, or the ARN of a user or role without wildcards. */
export function isAwsPrincipal(text: string): boolean {
  return (
    text === '*' ||
    accountEntry.test(text) ||
    /^arn:aws:(?:iam|sts)::[0-9]{12}:(?:user|role|assumed-role)\/[\x21-\x29\x2b-\x3e\x40-\x7e]{1,1024}$/.test(text)
  );
}

export function compilePrincipal(element: NonNullable<PolicyStatement['Principal']>): PrincipalTest {
  const entries = readEntries(element);
  return (principal) => matchEntries(entries, principal);
}

/**
 * Everyone but those named. Naming an account exempts from a Deny only its root, not each of its users, and exempts
 * from an Allow the whole account: in doubt the narrower right.
 */
export function compileNotPrincipal(
  element: NonNullable<PolicyStatement['NotPrincipal']>,
  effect: PolicyStatement['Effect'],
): PrincipalTest {
  const entries = readEntries(element);
  return (principal) => {
    const named = matchEntries(entries, principal);
    const exempt = named === 'direct' || (named === 'account' && effect === 'Allow');
    return exempt ? 'none' : 'direct';
  };
}
