// Frames of the control socket, read at the edge: `{"type": …, "message": {…}}`, everything bounded.
import { z } from 'zod';

const arn = z.string().min(1).max(2048);

const messages = {
  AckRequest: z.object({ messageId: z.string().max(128) }),
  HeartbeatAckRequest: z.object({ messageId: z.string().max(128).nullish() }),
  TaskStopVerificationMessage: z.object({
    messageId: z.string().max(128),
    stopCandidates: z
      .array(z.object({ taskArn: arn, taskClusterArn: arn.nullish(), desiredStatus: z.string().max(32).nullish() }))
      .max(10_000),
  }),
  IAMRoleCredentialsAckRequest: z.object({ messageId: z.string().max(128).nullish() }),
  NackRequest: z.object({ messageId: z.string().max(128), reason: z.string().nullish() }),
};

type Messages = { readonly [Type in keyof typeof messages]: z.infer<(typeof messages)[Type]> };

export type AcsFrame =
  | { [Type in keyof Messages]: { readonly type: Type; readonly message: Messages[Type] } }[keyof Messages]
  | { readonly type: 'unknown'; readonly name: string }
  | { readonly type: 'malformed'; readonly problem: string };

const envelope = z.object({ type: z.string().max(128), message: z.unknown() });

/** Never throws: what cannot be read is said to be so. */
export function readAcsFrame(text: string): AcsFrame {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { type: 'malformed', problem: 'not JSON' };
  }
  const frame = envelope.safeParse(json);
  if (!frame.success) return { type: 'malformed', problem: 'neither type nor message' };
  const { type } = frame.data;
  if (!Object.hasOwn(messages, type)) return { type: 'unknown', name: type };
  const known = type as keyof Messages;
  const message = messages[known].safeParse(frame.data.message ?? {});
  if (!message.success) return { type: 'malformed', problem: `${type}: ${message.error.issues[0]?.message ?? ''}` };
  return { type: known, message: message.data } as AcsFrame;
}
