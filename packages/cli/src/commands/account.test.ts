import { expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { jsonServer, refusal } from '../testing/json-server.ts';

const made = {
  account: { id: '111122223333', name: 'shop', createdAt: 0 },
  rootKey: { accessKeyId: 'AKIASHOP', secretAccessKey: "it's secret" },
};

it('creates an account and prints its key as exports, alone on standard output', async () => {
  const server = await jsonServer({ CreateAccount: () => made });
  const { code, out } = await call(['account', 'create', 'shop'], { env: envFor(server.url) });
  await server.close();
  expect(code).toBe(0);
  expect(out).toBe(
    "export AWS_ACCESS_KEY_ID='AKIASHOP';\n" +
      "export AWS_SECRET_ACCESS_KEY='it'\\''s secret';\n" +
      "export LONGSHORE_ACCOUNT='111122223333';\n",
  );
  expect(server.calls).toEqual([{ operation: 'CreateAccount', input: { name: 'shop' } }]);
});

it('lists accounts', async () => {
  const server = await jsonServer({ ListAccounts: () => ({ accounts: [made.account] }) });
  const { out } = await call(['account', 'list'], { env: envFor(server.url) });
  await server.close();
  expect(out).toBe('ACCOUNT       NAME  CREATED\n111122223333  shop  1970-01-01\n');
});

it("passes on the server's refusal", async () => {
  const server = await jsonServer({
    ListAccounts: () => {
      throw refusal('AccessDeniedException', 'Only account 1 manages accounts');
    },
  });
  const { code, err } = await call(['account', 'list'], { env: envFor(server.url) });
  await server.close();
  expect(code).toBe(1);
  expect(err).toContain('AccessDeniedException: Only account 1 manages accounts');
});
