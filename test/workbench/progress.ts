const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/**
 * Runs one slow step and says so: its name at once, a sign of life every ten seconds, its time at the end.
 * On stderr, so that the stdout of whoever calls (a launcher streaming tests) stays clean.
 */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  say(`- ${name} …`);
  const sign = setInterval(() => say(`  … ${name}: ${seconds(Date.now() - started)} so far`), 10_000);
  try {
    const result = await work();
    say(`  done in ${seconds(Date.now() - started)}`);
    return result;
  } catch (error) {
    say(`  failed after ${seconds(Date.now() - started)}`);
    throw error;
  } finally {
    clearInterval(sign);
  }
}
