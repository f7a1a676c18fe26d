// What each instruction does to the image's settings: one function for each, in one table. Those that make layers (COPY, ADD)
// are not here.
import { posix } from 'node:path';
import type { ImageState } from '../image-state.ts';
import { lineError } from './errors.ts';
import { parseHealthcheck } from './healthcheck.ts';
import type { Instruction } from './parse.ts';
import { assignments, commandForm, execForm, expand, listForm, type Surroundings } from './values.ts';

type Apply = (state: ImageState, instruction: Instruction, surroundings: Surroundings) => ImageState;

const mostPorts = 1000;

const table: Readonly<Record<string, Apply>> = {
  ARG(state, instruction, surroundings) {
    const args = new Map(state.args);
    for (const [name, fallback] of assignments(state, instruction, surroundings, true)) {
      args.set(name, surroundings.args.get(name) ?? fallback);
    }
    return { ...state, args };
  },

  CMD: (state, instruction) => ({ ...state, cmd: commandForm(state, instruction) }),

  ENTRYPOINT: (state, instruction) => ({ ...state, entrypoint: commandForm(state, instruction) }),

  ENV(state, instruction, surroundings) {
    const env = new Map(state.env);
    for (const [name, value] of assignments(state, instruction, surroundings)) env.set(name, value ?? '');
    return { ...state, env };
  },

  EXPOSE(state, instruction, surroundings) {
    const ports = expand(state, instruction, surroundings).flatMap((word) => portsOf(word, instruction));
    const exposedPorts = [...new Set([...state.exposedPorts, ...ports])];
    if (exposedPorts.length > mostPorts) throw lineError(instruction.line, `more than ${mostPorts} ports are exposed`);
    return { ...state, exposedPorts };
  },

  HEALTHCHECK: (state, instruction) => ({ ...state, healthcheck: parseHealthcheck(state, instruction) }),

  LABEL(state, instruction, surroundings) {
    const labels = new Map(state.labels);
    for (const [name, value] of assignments(state, instruction, surroundings)) labels.set(name, value ?? '');
    return { ...state, labels };
  },

  MAINTAINER: (state, instruction) => ({ ...state, author: instruction.rest }),

  SHELL(state, instruction) {
    const shell = execForm(instruction.rest);
    if (shell === undefined || shell.length === 0) {
      throw lineError(instruction.line, 'SHELL needs a JSON array, such as ["/bin/sh", "-c"]');
    }
    return { ...state, shell };
  },

  STOPSIGNAL(state, instruction, surroundings) {
    const [stopSignal = '', ...more] = expand(state, instruction, surroundings);
    if (more.length > 0 || !/^(?:SIG[A-Z0-9]+(?:[+-][0-9]+)?|[1-9][0-9]?)$/.test(stopSignal)) {
      throw lineError(instruction.line, 'STOPSIGNAL needs one signal, such as SIGTERM or 15');
    }
    return { ...state, stopSignal };
  },

  USER(state, instruction, surroundings) {
    const [user = '', ...more] = expand(state, instruction, surroundings);
    if (user === '' || more.length > 0) throw lineError(instruction.line, 'USER needs one user, such as 1000:1000');
    return { ...state, user };
  },

  VOLUME(state, instruction, surroundings) {
    const volumes = listForm(state, instruction, surroundings);
    if (volumes.some((path) => path === '')) throw lineError(instruction.line, 'VOLUME needs paths that are not empty');
    return { ...state, volumes: [...new Set([...state.volumes, ...volumes])] };
  },

  WORKDIR(state, instruction, surroundings) {
    const path = expand(state, instruction, surroundings).join(' ');
    if (path === '') throw lineError(instruction.line, 'WORKDIR needs a path');
    return { ...state, workingDir: posix.resolve('/', state.workingDir, path) };
  },
};

/** The state after `instruction`, or undefined if it is not one that only changes settings. Throws a `UserError`. */
export function applySetting(
  state: ImageState,
  instruction: Instruction,
  surroundings: Surroundings,
): ImageState | undefined {
  if (!Object.hasOwn(table, instruction.keyword)) return undefined;
  return table[instruction.keyword]?.(state, instruction, surroundings);
}

/** `80`, `53/udp`, `8000-8003/tcp`. */
function portsOf(word: string, { line }: Instruction): string[] {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const first = Number(match?.[1] ?? 0);
  const last = Number(match?.[2] ?? first);
  if (first < 1 || last > 65_535 || last < first) throw lineError(line, `"${word}" is not a port or a range of ports`);
  if (last - first >= mostPorts) throw lineError(line, `more than ${mostPorts} ports are exposed`);
  const protocol = (match?.[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}
