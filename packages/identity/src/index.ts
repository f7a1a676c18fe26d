// The door of `identity`.
export { createIdentity, type IdentityOptions } from './identity.ts';
export { type CompiledPolicy, compilePolicy } from './policy/compile.ts';
export { type ConditionContext, conditionContext } from './policy/context.ts';
export { parsePolicy, policyLimits } from './policy/document.ts';
export { type Decision, type Denial, type EvaluationRequest, evaluate } from './policy/evaluate.ts';
export type { PolicyKind } from './policy/malformed.ts';
export { createSealer, type Sealer, UnsealError } from './seal.ts';
export { identityMigrations } from './schema.ts';
export type {
  AccessKey,
  Account,
  Identity,
  RegistryCredential,
  RegistryTokens,
  RoleSession,
  SecretReader,
  TokenScope,
} from './types.ts';
