// The proxy's configuration: the same things give the same text, and HAProxy itself takes whatever a caller may write.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { errorText } from '@longshore/base';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readActions } from '../actions.ts';
import { patternRegex, readConditions } from '../conditions.ts';
import type { Listener, Rule } from '../types.ts';
import { configure, type ProxyModel, quote } from './config.ts';

const dir = mkdtempSync(join(tmpdir(), 'longshore-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const machine = { adminSocket: join(dir, 'admin.sock'), stateFile: join(dir, 'state'), user: undefined };
const listener: Listener = {
  arn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/site/1/2',
  account: '123456789012',
  loadBalancerArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/site/1',
  address: '127.0.0.1',
  port: 8080,
  protocol: 'HTTP',
  actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
  attributes: {},
  version: 1,
};

function modelOf(rules: readonly Pick<Rule, 'conditions' | 'actions'>[]): ProxyModel {
  const numbered = rules.map((each, i) => ({
    ...each,
    arn: `rule-${i}`,
    account: listener.account,
    listenerArn: listener.arn,
    priority: i + 1,
    version: 1,
  }));
  return { balancers: new Map(), listeners: [listener], rules: numbered, groups: [] };
}

/** What HAProxy says against it; empty if it takes it. */
function complaint(text: string): string {
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(file, text);
  try {
    execFileSync('haproxy', ['-c', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    return '';
  } catch (error) {
    return `${errorText(error)}\n${text}`;
  }
}

/** What the API takes of what callers write; the rest was refused before it could be stored. */
function accepted(given: { readonly condition: RuleCondition; readonly action: Action }) {
  try {
    return [{ conditions: readConditions([given.condition]), actions: readActions([given.action], 'HTTP') }];
  } catch {
    return [];
  }
}

const nasty = fc.string({
  unit: fc.constantFrom(...`'"\\ #{}%;$()[]*?,|&=+^~\n\tab/.`.split('')),
  minLength: 1,
  maxLength: 20,
});

test('HAProxy takes whatever the API takes', () => {
  const condition = fc.oneof(
    nasty.map((text): RuleCondition => ({ Field: 'path-pattern', Values: [`/${text}`] })),
    nasty.map((text): RuleCondition => ({ Field: 'host-header', Values: [text] })),
    fc.tuple(nasty, nasty).map(
      ([HttpHeaderName, text]): RuleCondition => ({
        Field: 'http-header',
        HttpHeaderConfig: { HttpHeaderName: HttpHeaderName.replaceAll(/[^ab]/g, 'X-'), Values: [text] },
      }),
    ),
    fc
      .tuple(nasty, nasty)
      .map(
        ([Key, Value]): RuleCondition => ({ Field: 'query-string', QueryStringConfig: { Values: [{ Key, Value }] } }),
      ),
    fc.ipV4().map((ip): RuleCondition => ({ Field: 'source-ip', SourceIpConfig: { Values: [`${ip}/24`] } })),
  );
  const action = fc.oneof(
    nasty.map(
      (MessageBody): Action => ({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', MessageBody } }),
    ),
    nasty.map((text): Action => ({ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_302', Path: `/${text}` } })),
  );
  fc.assert(
    fc.property(fc.array(fc.record({ condition, action }), { maxLength: 60 }), (given) => {
      const rules = given.flatMap(accepted);
      expect(complaint(configure(modelOf(rules), machine, []).text)).toBe('');
    }),
    { numRuns: 15 },
  );
});

test('the text and its hash follow from the model alone; servers do not change the hash', () => {
  const rules = accepted({
    condition: { Field: 'path-pattern', Values: ['/a*'] },
    action: { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } },
  });
  const model = modelOf(rules);
  expect(configure(model, machine, [])).toEqual(configure({ ...model, rules: [...model.rules] }, machine, []));
  const servers = [{ backend: 'g-1', name: 't1', address: '10.0.0.1', port: 80, options: 'check' }];
  expect(configure(model, machine, servers).hash).toBe(configure(model, machine, []).hash);
  expect(configure(modelOf([]), machine, []).hash).not.toBe(configure(model, machine, []).hash);
});

test('a pattern matches as ELB says: * any characters, ? one, all else itself', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', '/', '.', '*', '?', '$'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', '/', '.', '$', 'b'), maxLength: 8 });
  const matches = (p: string, t: string): boolean => {
    if (p === '') return t === '';
    if (p[0] === '*') return matches(p.slice(1), t) || (t !== '' && matches(p, t.slice(1)));
    return t !== '' && (p[0] === '?' || p[0] === t[0]) && matches(p.slice(1), t.slice(1));
  };
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      expect(new RegExp(patternRegex(p)).test(t)).toBe(matches(p, t));
    }),
  );
});

test('nothing leaves its quotes', () => {
  expect(quote(`a'b`)).toBe(String.raw`'a'\''b'`);
  expect(() => quote('a\nb')).toThrow(TypeError);
});
