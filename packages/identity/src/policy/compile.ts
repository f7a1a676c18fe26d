// Policies made ready for evaluation: patterns and conditions compiled once, matched many times.
import type { PolicyDocument, PolicyStatement, Principal } from '@longshore/aws';
import { type ArnPattern, compileArnPattern } from './arn-pattern.ts';
import { type Condition, compileCondition, parseOperatorName } from './conditions.ts';
import type { ConditionContext } from './context.ts';
import { compilePattern, patternParts } from './pattern.ts';
import { compileNotPrincipal, compilePrincipal, type PrincipalMatch, type PrincipalTest } from './principals.ts';

/** What a statement is asked about. */
export interface StatementQuery {
  readonly principal: Principal;
  /** In lower case: action names have no case. */
  readonly action: string;
  readonly resource: string;
  readonly context: ConditionContext;
}

export interface CompiledStatement {
  readonly effect: 'Allow' | 'Deny';
  /** `none` if the statement says nothing about this request. */
  match(query: StatementQuery): PrincipalMatch;
}

export interface CompiledPolicy {
  readonly statements: readonly CompiledStatement[];
}

export function asList<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T];
}

function compileActions(statement: PolicyStatement): (action: string) => boolean {
  const negated = statement.NotAction !== undefined;
  const patterns = asList(negated ? statement.NotAction : statement.Action).map((text) =>
    compilePattern(patternParts(text.toLowerCase())),
  );
  return (action) => patterns.some((pattern) => pattern.matches(action)) !== negated;
}

function compileResources(
  statement: PolicyStatement,
  variables: boolean,
): (arn: string, context: ConditionContext) => boolean {
  const negated = statement.NotResource !== undefined;
  const texts = asList(negated ? statement.NotResource : statement.Resource);
  // Policies of a resource may leave Resource out: they speak of what they hang on.
  if (texts.length === 0) return () => true;
  const patterns: ArnPattern[] = texts.map((text) => compileArnPattern(text, variables));
  // «Everything but» what a variable without a value stands for would be everything: no right comes of that.
  const needsAll = negated && statement.Effect === 'Allow';
  return (arn, context) => {
    const results = patterns.map((pattern) => pattern.matches(arn, context));
    return needsAll && results.includes(undefined) ? false : results.includes(true) !== negated;
  };
}

function compilePrincipals(statement: PolicyStatement): PrincipalTest {
  if (statement.Principal !== undefined) return compilePrincipal(statement.Principal);
  if (statement.NotPrincipal !== undefined) return compileNotPrincipal(statement.NotPrincipal, statement.Effect);
  return () => 'direct';
}

function compileConditions(statement: PolicyStatement, variables: boolean): Condition[] {
  return Object.entries(statement.Condition ?? {}).flatMap(([operatorText, keys]) => {
    const operator = parseOperatorName(operatorText);
    if (!operator) throw new TypeError(`Policy with an unknown condition operator ${operatorText}`);
    return Object.entries(keys).map(([key, value]) =>
      compileCondition(operator, key, asList(value).map(String), variables),
    );
  });
}

function compileStatement(statement: PolicyStatement, variables: boolean): CompiledStatement {
  const principals = compilePrincipals(statement);
  const actions = compileActions(statement);
  const resources = compileResources(statement, variables);
  const conditions = compileConditions(statement, variables);
  return {
    effect: statement.Effect,
    match({ principal, action, resource, context }) {
      const matched = principals(principal);
      if (matched === 'none' || !actions(action) || !resources(resource, context)) return 'none';
      return conditions.every((condition) => condition.holds(context)) ? matched : 'none';
    },
  };
}

/** Compiles a document that `parsePolicy` accepted. */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  const variables = document.Version === '2012-10-17';
  // Stored resource policies may still have their single statement as it was put.
  return { statements: asList(document.Statement).map((statement) => compileStatement(statement, variables)) };
}
