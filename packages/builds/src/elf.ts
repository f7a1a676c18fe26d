// Whether a program needs no loader and no libraries, read from its ELF headers (System V ABI, chapters 4 and 5).
import { type FileHandle, open } from 'node:fs/promises';

/** Program header type of the path of the dynamic loader. */
const PT_INTERP = 3;
const mostProgramHeaders = 1024;

/** False also for what is not a 64-bit little-endian ELF executable, or cannot be read. */
export async function isStaticProgram(path: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    return false;
  }
  try {
    return await readIsStatic(file);
  } finally {
    await file.close();
  }
}

async function readIsStatic(file: FileHandle): Promise<boolean> {
  const header = Buffer.alloc(64);
  if ((await file.read(header, 0, header.length, 0)).bytesRead < header.length) return false;
  const is64BitLittleEndian = header.readUInt8(4) === 2 && header.readUInt8(5) === 1;
  if (header.toString('latin1', 0, 4) !== '\x7fELF' || !is64BitLittleEndian) return false;
  const offset = Number(header.readBigUInt64LE(32));
  const size = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  if (size < 56 || count === 0 || count > mostProgramHeaders) return false;
  const table = Buffer.alloc(size * count);
  if ((await file.read(table, 0, table.length, offset)).bytesRead < table.length) return false;
  return Array.from({ length: count }, (_, index) => table.readUInt32LE(index * size)).every(
    (type) => type !== PT_INTERP,
  );
}
