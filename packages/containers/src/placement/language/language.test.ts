// The cluster query language: what is read, what it means, what is refused, and that no pattern takes long.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareVersions, compileConstraint, type Facts } from './compile.ts';
import { type Expression, formatExpression, operatorsOf, operatorWords, type Subject } from './expression.ts';
import { parseExpression } from './parse.ts';

const facts: Facts = {
  connected: true,
  agentVersion: '1.105.0',
  ec2InstanceId: 'i-abcd1234',
  registeredAt: Date.parse('2018-06-18T22:28:28Z'),
  runningTasks: 2,
  attributes: new Map([
    ['ecs.instance-type', 't2.small'],
    ['ecs.availability-zone', 'us-east-1a'],
    ['cores', '16'],
    ['flag', ''],
  ]),
  groups: new Map([
    ['service:web', 2],
    ['family:batch', 1],
  ]),
};

describe('an expression', () => {
  test.each([
    'agentConnected == true',
    "agentConnected not_equals 'false'",
    'agentConnected=~t.+',
    'agentVersion >= 1.9.2',
    'agentVersion less_than 1.106',
    'agentVersion != 1.104',
    'attribute:ecs.instance-type == t2.small',
    'attribute:ecs.instance-type =~ t2.*',
    'attribute:ecs.instance-type =~ (t|g)2\\.(small|large)',
    '(attribute:ecs.instance-type =~ (t|g)2\\.(small|large)) and agentConnected equals true',
    "attribute:ecs.instance-type matches 't[0-9]\\.[a-z&&s]mall' or attribute:flag exists",
    'attribute:ecs.instance-type !~ small',
    'attribute:ecs.instance-type not_matches g2.*',
    'attribute:ecs.availability-zone in [us-east-1a, us-east-1b]',
    "attribute:ecs.availability-zone not_in ['us-east-1d']",
    'attribute:ecs.availability-zone !in[us-east-1d,us-east-1e]',
    'attribute:cores > 9',
    'attribute:cores greater_than_equal 16',
    'attribute:flag exists',
    'attribute:none !exists',
    'attribute:none not_exists',
    'attribute:none != anything',
    'not(attribute:none == anything)',
    '!(attribute:none > 3)',
    'ec2InstanceId in ["i-abcd1234", i-wxyx7890]',
    'registeredAt > 2018-06-18',
    'registeredAt == 2018-06-18T22:28:28',
    'registeredAt less_than_equal 2018-06-18T22:28:28+00:00',
    'registeredAt < 2018-06-18T23:28:29+01:00',
    'runningTasksCount >= 2',
    'runningTasksCount equals 2 && runningTasksCount < 3',
    'task:group == service:web',
    'task:group != service:other',
    'not(task:group == database) and task:group =~ family:.*',
    'agentConnected == false and agentConnected == false or agentConnected == true',
    'agentConnected == true or agentConnected == false and agentConnected == false',
    'not agentConnected == false and (agentConnected == false || runningTasksCount == 2)',
  ])('holds: %s', (text) => {
    expect(compileConstraint(text).test(facts)).toBe(true);
    expect(compileConstraint(`not(${text})`).test(facts)).toBe(false);
  });

  test.each([
    ['', 'a subject is expected'],
    ['zone == a', 'a subject is expected'],
    ['attribute: == a', 'a subject is expected'],
    ['agentConnected', 'an operator is expected'],
    ['agentConnected is true', 'an operator is expected'],
    ['agentConnected > true', 'does not take the operator >'],
    ['agentVersion =~ 1.*', 'does not take the operator =~'],
    ['runningTasksCount exists', 'does not take the operator exists'],
    ['runningTasksCount == many', 'needs a number'],
    ['registeredAt > yesterday', 'needs a date'],
    ['attribute:a ==', 'a value is expected, at its end'],
    ['attribute:a in b', 'a list is expected'],
    ['attribute:a in [b', "a ']' is missing"],
    ['(attribute:a == b', "a ')' is missing"],
    ['attribute:a == b attribute:c == d', "'and', 'or' or the end"],
    ['attribute:a =~ (', 'is not understood'],
    ['attribute:a =~ (?=b).*', 'lookaround'],
    ['attribute:a =~ (a)\\1', 'back-references'],
    ['attribute:a =~ a*+', 'possessive'],
    ['attribute:a =~ ((a{90}){90}){90}', 'repetitions'],
    [`attribute:a == ${'b'.repeat(2000)}`, 'at most 2000 characters'],
    [`${'('.repeat(60)}agentConnected == true${')'.repeat(60)}`, 'inside each other'],
    [`${'not '.repeat(400)}agentConnected == true`, 'inside each other'],
  ])('is refused: %s', (text, problem) => {
    let thrown: unknown;
    try {
      compileConstraint(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'InvalidParameterException' });
    expect((thrown as Error).message).toContain(problem);
  });

  test('says which of its parts are not met', () => {
    const { unmet } = compileConstraint(
      'agentConnected == true and (attribute:a exists or attribute:b exists) and cores == 1'.replace(
        'cores',
        'attribute:cores',
      ),
    );
    expect(unmet(facts)).toEqual(['attribute:a exists or attribute:b exists', "attribute:cores == '1'"]);
  });

  test('knows whether its answer can change without a new registration', () => {
    expect(compileConstraint('attribute:a exists and agentVersion > 1').settled).toBe(true);
    expect(compileConstraint('attribute:a exists or not task:group == b').settled).toBe(false);
    expect(compileConstraint('runningTasksCount < 4').countsRunning).toBe(true);
  });

  test('with a pattern that makes others back-track is as quick as any', () => {
    const { test: matches } = compileConstraint('attribute:v =~ (a|a)*(a|aa)+b');
    const start = process.cpuUsage();
    expect(matches({ ...facts, attributes: new Map([['v', 'a'.repeat(128)]]) })).toBe(false);
    expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
  });

  test('compares versions by their numbers', () => {
    expect(compareVersions('1.10.0', '1.9.9')).toBeGreaterThan(0);
    expect(compareVersions('v2.0-rc1', '2')).toBe(0);
  });
});

const subjects: fc.Arbitrary<Subject> = fc.oneof(
  fc.constantFrom<Subject>({ name: 'agentConnected' }, { name: 'ec2InstanceId' }, { name: 'task:group' }),
  fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/).map((attribute) => ({ name: 'attribute' as const, attribute })),
);
const values = fc.stringMatching(/^[ -~]{0,12}$/).filter((value) => !(value.includes("'") && value.includes('"')));
const comparisons: fc.Arbitrary<Expression> = subjects.chain((subject) =>
  fc.constantFrom(...operatorsOf[subject.name]).chain((operator) => {
    const [least, most] = operator.endsWith('exists') ? [0, 0] : operator.endsWith('in') ? [1, 4] : [1, 1];
    const list = fc.array(values, { minLength: least, maxLength: most });
    return list.map((given) => ({ kind: 'comparison' as const, subject, operator, values: given }));
  }),
);

function combined(inner: fc.Arbitrary<Expression>, depth: number): fc.Arbitrary<Expression> {
  if (depth === 0) return inner;
  const smaller = combined(inner, depth - 1);
  const joined = fc
    .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(smaller, { minLength: 2, maxLength: 3 }))
    .map(
      ([kind, operands]): Expression => ({
        kind,
        operands: operands.flatMap((each) => (each.kind === kind ? each.operands : [each])),
      }),
    );
  return fc.oneof(
    smaller,
    smaller.map((operand) => ({ kind: 'not' as const, operand })),
    joined,
  );
}

describe('reading', () => {
  test('gives back what was written down', () => {
    fc.assert(
      fc.property(combined(comparisons, 3), (expression) => {
        const text = formatExpression(expression);
        fc.pre(text.length <= 2000);
        expect(parseExpression(text)).toEqual(expression);
      }),
    );
  });

  test('never fails otherwise than with the error of the API, whatever it is given', () => {
    const words = fc.constantFrom(
      ...Object.keys(operatorWords),
      'attribute:a',
      'and',
      'not',
      '(',
      ')',
      '[',
      ']',
      "'",
      ',',
      'x',
    );
    const texts = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(words, { maxLength: 12 }).map((each) => each.join(' ')),
    );
    const outcome = (text: string): unknown => {
      try {
        compileConstraint(text);
        return 'InvalidParameterException';
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };
    const always = fc.property(texts, (text) => outcome(text) === 'InvalidParameterException');
    expect(fc.check(always)).toMatchObject({ failed: false });
  });
});
