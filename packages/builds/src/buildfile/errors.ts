// Errors in a build file, which its author can mend: each names the line.
import { UserError } from '@longshore/base';

export function lineError(line: number, message: string, next?: string): UserError {
  return new UserError(`Build file, line ${line}: ${message}`, next);
}
