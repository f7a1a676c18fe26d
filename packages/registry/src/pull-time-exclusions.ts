// Principals whose pulls do not count as use of an image (a scanner, a mirror). Pure.

/** ECR service model, PrincipalArn. */
const principalPattern = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:(?:role|user)\/[\w+=,.@-]+(?:\/[\w+=,.@-]+)*$/;

export function isPrincipalArn(text: string): boolean {
  return text.length <= 200 && principalPattern.test(text);
}

/** The role behind `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`; any other ARN as it is. */
function lastingArn(principal: string): string {
  const session = /^(arn:aws[a-z-]*):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(principal);
  return session ? `${session[1]}:iam::${session[2]}:role/${session[3]}` : principal;
}

export function isExcluded(excluded: ReadonlySet<string>, principal: string): boolean {
  return excluded.has(principal) || excluded.has(lastingArn(principal));
}
