// Reading the query protocol's input (AWS Query, «Serialization format»): flat names with dots become the tree that the
// shape describes. `Tags.member.1.Key=a` or, flattened, `Tags.1.Key=a`; maps are `M.entry.1.key=…&M.entry.1.value=…`.
import { WireError } from '../errors.ts';
import { listPlace, MissingMember, type Place, wrongType } from './problem.ts';
import { readBase64, readEpochSeconds } from './scalar.ts';
import type { Member, WireShape } from './shape.ts';

/** One name's part of the form: its own value and what is below it. */
export interface FormNode {
  value: string | undefined;
  readonly below: Map<string, FormNode>;
}

const maxParameters = 4096;
const maxDepth = 32;

function newNode(): FormNode {
  return { value: undefined, below: new Map() };
}

/** The tree of a form. Throws MalformedInput for bad encoding, doubles, and more than 4,096 parameters. */
export function parseForm(text: string, plusIsBlank: boolean): FormNode {
  const root = newNode();
  const parts = text.split('&');
  if (parts.length > maxParameters) throw malformed(`There are more than ${maxParameters} parameters.`);
  for (const part of parts) {
    if (part === '') continue;
    const mark = part.indexOf('=');
    const name = decode(mark < 0 ? part : part.slice(0, mark), plusIsBlank);
    const node = nodeAt(root, name);
    if (node.value !== undefined) throw malformed(`The parameter ${name} is there twice.`);
    node.value = decode(mark < 0 ? '' : part.slice(mark + 1), plusIsBlank);
  }
  return root;
}

function nodeAt(root: FormNode, name: string): FormNode {
  const keys = name.split('.');
  if (keys.length > maxDepth) throw malformed('A parameter name is nested too deeply.');
  let at = root;
  for (const key of keys) {
    let next = at.below.get(key);
    if (!next) at.below.set(key, (next = newNode()));
    at = next;
  }
  return at;
}

function decode(text: string, plusIsBlank: boolean): string {
  try {
    return decodeURIComponent(plusIsBlank ? text.replaceAll('+', ' ') : text);
  } catch {
    throw malformed('The form is not properly percent-encoded UTF-8.');
  }
}

function malformed(message: string): WireError {
  return new WireError('serialization', message);
}

/** The input that `node` holds. Throws MalformedInput or `MissingMember`. */
export function readForm(shape: WireShape, node: FormNode, place?: Place, flattened = false): unknown {
  switch (shape.kind) {
    case 'structure': {
      const result: Record<string, unknown> = {};
      for (const member of shape.members) {
        const value = readMember(member, node, place);
        if (value !== undefined) result[member.name] = value;
      }
      return result;
    }
    case 'list':
      return entriesOf(flattened ? node : node.below.get(shape.itemName)).map((entry, index) =>
        readForm(shape.item, entry, listPlace(place, index)),
      );
    case 'map':
      return Object.fromEntries(
        entriesOf(flattened ? node : node.below.get('entry')).map((entry) => {
          const key = entry.below.get(shape.keyName)?.value;
          const value = entry.below.get(shape.valueName);
          if (key === undefined || !value) throw wrongType('A map entry needs a key and a value.', place);
          return [key, readForm(shape.value, value, { parent: place, key })];
        }),
      );
    case 'unit':
      return {};
    default:
      return readScalar(shape.kind, node.value, place);
  }
}

function readMember(member: Member, node: FormNode, place: Place | undefined): unknown {
  const below = node.below.get(member.xmlName);
  const memberPlace = { parent: place, key: member.name };
  if (below) return readForm(member.shape, below, memberPlace, member.flattened);
  if (member.required) throw new MissingMember(memberPlace);
  return undefined;
}

/** The children that are numbered from one, in order. */
function entriesOf(node: FormNode | undefined): readonly FormNode[] {
  if (!node) return [];
  return [...node.below]
    .filter(([key]) => /^[1-9]\d{0,5}$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, entry]) => entry);
}

function readScalar(kind: WireShape['kind'], text: string | undefined, place: Place | undefined): unknown {
  if (text === undefined) throw wrongType('A value is expected here.', place);
  const result = scalars[kind]?.(text);
  if (result === undefined) throw wrongType(`'${text.slice(0, 64)}' is not a valid ${kind}`, place);
  return result;
}

const scalars: Readonly<Record<string, (text: string) => unknown>> = {
  string: (text) => text,
  document: (text) => text,
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  integer: (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : undefined),
  number: (text) => (/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined),
  blob: readBase64,
  timestamp: (text) => {
    if (/^-?\d+(\.\d+)?$/.test(text)) return readEpochSeconds(Number(text));
    const date = /^\d{4}-\d{2}-\d{2}T/.test(text) ? new Date(text) : undefined;
    return date && !Number.isNaN(date.getTime()) ? date : undefined;
  },
};
