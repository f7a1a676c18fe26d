// Writing the query protocol's answers: XML by shape.
import type { ListShape, MapShape, Member, StructureShape, TimestampFormat, WireShape } from './shape.ts';

/** Text for an element's content. Characters that XML 1.0 cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ufffd]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#xD;');
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

/** The members of a structure as elements. Throws a TypeError where `value` is not of the shape. */
export function writeXml(shape: WireShape, value: unknown): string {
  switch (shape.kind) {
    case 'structure':
      return writeStructure(shape, value);
    case 'list':
      return itemsOf(shape, value)
        .map((item) => element(shape.itemName, item))
        .join('');
    case 'map':
      return entriesOf(shape, value)
        .map((entry) => element('entry', entry))
        .join('');
    case 'timestamp':
      if (!(value instanceof Date)) throw new TypeError('an output that should be a Date is none');
      return formatDate(value, shape.format);
    case 'blob':
      if (!(value instanceof Uint8Array)) throw new TypeError('an output that should be bytes is none');
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    case 'unit':
      return '';
    default:
      return escapeXml(String(value));
  }
}

function writeStructure(shape: StructureShape, value: unknown): string {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`an output that should be a ${shape.name} is none`);
  const source = value as Readonly<Record<string, unknown>>;
  return shape.members.map((member) => writeMember(member, source[member.name])).join('');
}

function writeMember({ xmlName, flattened, shape }: Member, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (flattened && (shape.kind === 'list' || shape.kind === 'map')) {
    const contents = shape.kind === 'list' ? itemsOf(shape, value) : entriesOf(shape, value);
    return contents.map((content) => element(xmlName, content)).join('');
  }
  return element(xmlName, writeXml(shape, value));
}

function itemsOf(shape: ListShape, value: unknown): string[] {
  if (!Array.isArray(value)) throw new TypeError('an output that should be a list is none');
  return value.filter((item) => item !== undefined && item !== null).map((item) => writeXml(shape.item, item));
}

function entriesOf(shape: MapShape, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) throw new TypeError('an output that should be a map is none');
  return Object.entries(value)
    .filter(([, item]) => item !== undefined && item !== null)
    .map(
      ([key, item]) => element(shape.keyName, escapeXml(key)) + element(shape.valueName, writeXml(shape.value, item)),
    );
}

function formatDate(date: Date, format: TimestampFormat): string {
  if (format === 'epoch-seconds') return String(date.getTime() / 1000);
  if (format === 'http-date') return date.toUTCString();
  return date.toISOString().replace('.000Z', 'Z');
}
