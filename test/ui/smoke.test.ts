import assert from 'node:assert/strict';
import { useWorkbench } from './workbench.ts';

describe('the packaged extension in a workbench', () => {
  const vs = useWorkbench();

  it('offers its commands in the palette and shows its view', async () => {
    await vs().palette('View: Show Session Tokens');
    await vs().waitForWelcome(/Start Sandbox Gateway/);
    await vs().palette('Session Tokens: Start Sandbox Gateway');
    const { message } = await vs().notification(/sandbox/i);
    assert.match(message, /sandbox/i);
  });
});
