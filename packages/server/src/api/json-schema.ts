// Inputs of Longshore's own operations, checked by zod.
import { AwsError } from '@longshore/aws';
import type { z } from 'zod';

export function jsonSchema<T>(schema: z.ZodType<T>): { readonly kind: 'json'; readonly parse: (value: unknown) => T } {
  return {
    kind: 'json',
    parse(value) {
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      const issue = parsed.error.issues[0];
      throw new AwsError(
        'ValidationException',
        issue ? `${issue.path.join('.')}: ${issue.message}` : 'The input is not valid',
      );
    },
  };
}
