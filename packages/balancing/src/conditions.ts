// Conditions of rules: which there are, their bounds, and the regular expression of a pattern. Pure.
import { isIP } from 'node:net';
import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { elbErrors } from './errors.ts';

const mostValues = 5;
const mostWildcards = 6;

/** A pattern of ELB (`*`: any characters, `?`: one) as a regular expression for the whole text. */
export function patternRegex(pattern: string): string {
  const body = pattern.replace(/[\\^$.*+?()[\]{}|/]/g, (c) => (c === '*' ? '.*' : c === '?' ? '.' : `\\${c}`));
  return `^${body}$`;
}

const fieldPatterns: Readonly<Record<string, RegExp>> = {
  'host-header': /^[A-Za-z0-9.*?-]{1,128}$/,
  'path-pattern': /^[A-Za-z0-9_\-.$/~"'@:+&;*?=]{1,128}$/,
  'http-header': /^[\x20-\x7e]{1,128}$/,
  'http-request-method': /^[A-Z_-]{1,40}$/,
  'query-string': /^[\x20-\x7e]{1,128}$/,
  'source-ip': /^[0-9a-fA-F.:]{2,39}\/(?:\d|[1-9]\d|1[01]\d|12[0-8])$/,
};

/** `10.0.0.0/8`, `fd00::/8`. */
function isBlock(text: string): boolean {
  const [address = '', length] = text.split('/');
  const family = isIP(address);
  return family === 6 || (family === 4 && Number(length) <= 32);
}

function listOf(values: readonly string[] | undefined, field: string): string[] {
  const list = [...(values ?? [])];
  if (list.length === 0) throw elbErrors.validation(`A condition of the field '${field}' must have values`);
  const bad = list.find((each) => !fieldPatterns[field]?.test(each) || (field === 'source-ip' && !isBlock(each)));
  if (bad !== undefined)
    throw elbErrors.validation(`Condition value '${bad.slice(0, 130)}' is not valid for the field '${field}'`);
  return list;
}

function readCondition(given: RuleCondition): RuleCondition {
  const { Field } = given;
  switch (Field) {
    case 'host-header': {
      const Values = listOf(given.HostHeaderConfig?.Values ?? given.Values, Field);
      return { Field, Values, HostHeaderConfig: { Values } };
    }
    case 'path-pattern': {
      const Values = listOf(given.PathPatternConfig?.Values ?? given.Values, Field);
      return { Field, Values, PathPatternConfig: { Values } };
    }
    case 'http-header': {
      const HttpHeaderName = given.HttpHeaderConfig?.HttpHeaderName ?? '';
      if (!/^[A-Za-z0-9_-]{1,40}$/.test(HttpHeaderName))
        throw elbErrors.validation('HttpHeaderName must be the name of an HTTP header of 1 to 40 characters');
      return { Field, HttpHeaderConfig: { HttpHeaderName, Values: listOf(given.HttpHeaderConfig?.Values, Field) } };
    }
    case 'http-request-method':
      return {
        Field,
        HttpRequestMethodConfig: { Values: listOf(given.HttpRequestMethodConfig?.Values ?? given.Values, Field) },
      };
    case 'source-ip':
      return { Field, SourceIpConfig: { Values: listOf(given.SourceIpConfig?.Values, Field) } };
    case 'query-string': {
      const Values = (given.QueryStringConfig?.Values ?? []).map(({ Key, Value = '' }) => {
        listOf([Value, ...(Key === undefined ? [] : [Key])], Field);
        return { ...(Key !== undefined && { Key }), Value };
      });
      if (Values.length === 0) throw elbErrors.validation(`A condition of the field '${Field}' must have values`);
      return { Field, QueryStringConfig: { Values } };
    }
    default:
      throw elbErrors.validation(
        `Condition field '${String(Field).slice(0, 64)}' is not one of ${Object.keys(fieldPatterns).join(', ')}`,
      );
  }
}

/** How many values, as ELB counts them. */
function countOf(condition: RuleCondition): number {
  const lists = [
    condition.Values,
    condition.HttpHeaderConfig?.Values,
    condition.HttpRequestMethodConfig?.Values,
    condition.SourceIpConfig?.Values,
    condition.QueryStringConfig?.Values,
  ];
  return lists.reduce((sum, list) => sum + (list?.length ?? 0), 0);
}

/** Throws ValidationError. */
export function readConditions(given: readonly RuleCondition[] | undefined): RuleCondition[] {
  const conditions = (given ?? []).map(readCondition);
  if (conditions.length === 0) throw elbErrors.validation('A rule must have at least one condition');
  if (conditions.reduce((sum, each) => sum + countOf(each), 0) > mostValues)
    throw elbErrors.tooMany('UniqueConditionValues', mostValues);
  // Bounds what a pattern may cost the proxy.
  const texts = conditions.map((each) => JSON.stringify({ ...each, Values: undefined })).join('');
  if ((texts.match(/[*?]/g)?.length ?? 0) > mostWildcards)
    throw elbErrors.validation(`A rule can have at most ${mostWildcards} wildcards`);
  for (const once of ['host-header', 'path-pattern', 'http-request-method', 'source-ip'])
    if (conditions.filter((each) => each.Field === once).length > 1)
      throw elbErrors.validation(`A rule can only have one '${once}' condition`);
  return conditions;
}
