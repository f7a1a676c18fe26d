// The image of a network holder: one program of nine instructions at most that waits for ever, made here for the
// machine's own architecture, so that nothing is downloaded. 129 bytes on amd64.

const loadAddress = 0x40_0000;
const headerBytes = 64;
const programHeaderBytes = 56;

/** `pause()` in a loop (amd64), `ppoll(NULL, 0, NULL, NULL, 0)` in a loop (arm64, which has no pause). */
const programs: Readonly<Record<string, { readonly machine: number; readonly code: readonly number[] }>> = {
  x86_64: { machine: 62, code: [0xb8, 0x22, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xeb, 0xf7] },
  aarch64: {
    machine: 183,
    code: [0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800004, 0xd2800928, 0xd4000001, 0x17fffff9].flatMap(
      (word) => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24],
    ),
  },
};

const sameArchitecture: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

/** The program as an ELF file (System V ABI, ELF-64 object files), or undefined for an architecture that it is not written for. */
export function waitingProgram(architecture: string): Buffer | undefined {
  const program = programs[sameArchitecture[architecture] ?? architecture];
  if (!program) return undefined;
  const size = headerBytes + programHeaderBytes + program.code.length;
  const file = Buffer.alloc(size);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(program.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(loadAddress + headerBytes + programHeaderBytes), 24);
  file.writeBigUInt64LE(BigInt(headerBytes), 32);
  file.writeUInt16LE(headerBytes, 52);
  file.writeUInt16LE(programHeaderBytes, 54);
  file.writeUInt16LE(1, 56);
  // One segment: the whole file, readable and executable.
  file.writeUInt32LE(1, headerBytes);
  file.writeUInt32LE(5, headerBytes + 4);
  file.writeBigUInt64LE(BigInt(loadAddress), headerBytes + 16);
  file.writeBigUInt64LE(BigInt(loadAddress), headerBytes + 24);
  file.writeBigUInt64LE(BigInt(size), headerBytes + 32);
  file.writeBigUInt64LE(BigInt(size), headerBytes + 40);
  file.writeBigUInt64LE(0x1000n, headerBytes + 48);
  file.set(program.code, headerBytes + programHeaderBytes);
  return file;
}
