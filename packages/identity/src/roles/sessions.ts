// Temporary keys of roles. Each is a row with its end; what has ended is of no use at once and removed later. The secret and
// the session token are stored only sealed.
import { randomBytes } from 'node:crypto';
import type { Principal, StoredCredential } from '@longshore/aws';
import { type AccountId, type Clock, type Logger, loopService, type Service } from '@longshore/base';
import { sql, type Store, type View } from '@longshore/store';
import type { IdentityCore } from '../core.ts';
import { newSessionKeyId } from '../ids.ts';
import type { Sealer } from '../seal.ts';
import type { RoleSession } from '../types.ts';
import { findRole, findRoleById, roleArn, type RoleRow } from './roles.ts';
import { trustsService } from './trust.ts';

interface SessionRow {
  readonly role_id: string;
  readonly session_name: string;
  readonly sealed: Uint8Array;
  readonly expires_at: number;
}

interface Sealed {
  readonly secret: string;
  readonly token: string;
}

const purpose = (id: string) => `session:${id}`;

/** `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`; its user id is the role's, a colon, and the session's name. */
export function sessionPrincipal(role: RoleRow, session: string): Principal {
  return {
    account: role.account as AccountId,
    arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${session}`,
    userId: `${role.id}:${session}`,
    kind: 'role',
  };
}

/** The id of the role in a principal's user id, or undefined if it is no session's. */
export function roleIdOf(userId: string): string | undefined {
  return userId.startsWith('AROA') ? userId.split(':')[0] : undefined;
}

/** The principal of a session's user id; undefined if the role is gone. */
export async function livePrincipalOfSession(view: View, userId: string): Promise<Principal | undefined> {
  const [id = '', session = ''] = userId.split(':');
  const role = await findRoleById(view, id);
  return role && sessionPrincipal(role, session);
}

export async function loadSession(
  view: View,
  sealer: Sealer,
  id: string,
  now: number,
): Promise<StoredCredential | undefined> {
  const row = await view.get<SessionRow>(
    sql`SELECT role_id, session_name, sealed, expires_at FROM iam_sessions WHERE id = ${id}`,
  );
  const role = row && (await findRoleById(view, row.role_id));
  if (!row || !role) return undefined;
  const { secret, token } = JSON.parse(Buffer.from(sealer.open(purpose(id), row.sealed)).toString('utf8')) as Sealed;
  return {
    secretAccessKey: secret,
    sessionToken: token,
    active: row.expires_at > now,
    principal: sessionPrincipal(role, row.session_name),
  };
}

function isRoleArn(arn: string, account: string): string | undefined {
  const match = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]{1,64})$/.exec(arn);
  return match?.[1] === account ? match[2] : undefined;
}

/** The account's role that the request names; undefined if there is none or it does not trust the service. */
async function trustingRole(view: View, request: ServiceRequest): Promise<RoleRow | undefined> {
  const name = request.role.startsWith('arn:') ? isRoleArn(request.role, request.account) : request.role;
  const role = name === undefined ? undefined : await findRole(view, request.account, name);
  if (!role || (request.role.startsWith('arn:') && roleArn(role) !== request.role)) return undefined;
  return trustsService(role.trust, request.service) ? role : undefined;
}

export interface ServiceRequest {
  readonly account: string;
  /** A name or an ARN. */
  readonly role: string;
  readonly service: string;
}

export async function mayAssumeForService(core: IdentityCore, request: ServiceRequest): Promise<boolean> {
  return (await trustingRole(core.store, request)) !== undefined;
}

/**
 * Keys of the account's role `arn` (or of that name) for `service`; undefined if there is no such role or it does not trust
 * the service. They end after `lifeMs`.
 */
export async function assumeForService(
  core: IdentityCore,
  request: ServiceRequest & { readonly session: string },
  lifeMs: number,
): Promise<RoleSession | undefined> {
  const role = await trustingRole(core.store, request);
  if (role === undefined) return undefined;
  const id = newSessionKeyId();
  const made: Sealed = { secret: randomBytes(30).toString('base64'), token: randomBytes(96).toString('base64') };
  const sealed = core.sealer.seal(purpose(id), Buffer.from(JSON.stringify(made), 'utf8'));
  const expiresAt = core.clock.now() + lifeMs;
  await core.store.write([
    {
      sql: sql`INSERT INTO iam_sessions (id, role_id, session_name, sealed, expires_at)
        VALUES (${id}, ${role.id}, ${request.session}, ${sealed}, ${expiresAt})`,
      expect: 1,
    },
  ]);
  return {
    roleArn: roleArn(role),
    accessKeyId: id,
    secretAccessKey: made.secret,
    sessionToken: made.token,
    expiresAt,
  };
}

const sweepMs = 10 * 60_000;
const batch = 500;

/** Removes sessions that have ended. */
export function sessionSweeper(store: Store, clock: Clock, log: Logger): Service {
  return loopService({
    id: 'identity-session-sweeper',
    everyMs: sweepMs,
    clock,
    log,
    async step({ signal }) {
      let removed = batch;
      while (removed === batch && !signal.aborted) {
        const [result] = await store.write([
          {
            sql: sql`DELETE FROM iam_sessions WHERE id IN
              (SELECT id FROM iam_sessions WHERE expires_at < ${clock.now()} ORDER BY expires_at LIMIT ${batch})`,
          },
        ]);
        removed = result?.changes ?? 0;
      }
    },
  });
}
