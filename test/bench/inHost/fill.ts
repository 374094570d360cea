import { setTimeout as delay } from 'node:timers/promises';
import { extension, keepEntries, tell } from './support.ts';

const connections = 4;
const sessionsEach = 24;

/** Opens 100 tokens and leaves their entries for the windows that are measured. */
export async function run(): Promise<void> {
  const api = await extension().activate();
  for (let index = 0; index < connections; index++) {
    const connection = `c${index}`;
    await api.signIn(connection, { username: 'demo', password: 'demo' }, { remember: false });
    for (let session = 0; session < sessionsEach; session++) {
      await api.getData({ connection, product: 'MVMVS', view: 'JCPU', rows: 1, session: 'new', show: false });
    }
  }
  // What is written a little later must be written too.
  await delay(3_000);
  await keepEntries();
  tell({ tokens: (await api.tokens()).length });
}
