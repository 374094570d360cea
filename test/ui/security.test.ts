import assert from 'node:assert/strict';
import { useWorkbench } from './workbench.ts';

/** What a person sees, and is asked. */
describe('security, as a person sees it', () => {
  const vs = useWorkbench();

  it('asks once before credentials go an unsafe way, and goes nowhere without a yes', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await vs().palette('Session Tokens: Add Connection…');
    await quickInput.pick(/kind of gateway/, 'SARUS');
    await quickInput.answer(/Address of/, 'http://gateway.invalid');
    await quickInput.answer(/Name of/, 'far');
    await quickInput.pick(/gateway\.invalid/, 'Add Without Testing');
    const rows = await vs().waitForRows((all) => all.some(({ label }) => label === 'far'));
    assert.match(rows.find(({ label }) => label === 'far')?.description ?? '', /not encrypted/);

    await vs().palette('Session Tokens: Sign In');
    await vs().answerDialog(/unencrypted to http:\/\/gateway\.invalid/, 'Cancel');
    await vs().palette('Session Tokens: Sign In');
    await vs().answerDialog(/unencrypted to http:\/\/gateway\.invalid/, 'Connect Anyway');
    await quickInput.waitFor(/How do you sign in/);
    await quickInput.cancel();
    await quickInput.waitUntilClosed();
    await vs().palette('Session Tokens: Sign In');
    await quickInput.waitFor(/How do you sign in/);
  });
});
